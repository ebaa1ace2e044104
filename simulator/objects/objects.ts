/** The shapes of the objects that the simulator keeps, as they are sent. */

export type Metadata = Record<string, string>;

export type Address = {
  city: string | null;
  country: string | null;
  line1: string | null;
  line2: string | null;
  postal_code: string | null;
  state: string | null;
};

export type Shipping = { address: Address; name: string; phone: string | null };

export type InvoiceSettings = {
  custom_fields: { name: string; value: string }[] | null;
  default_payment_method: string | null;
  footer: string | null;
  rendering_options: { amount_tax_display: string | null; template: string | null } | null;
};

/** Every nullable member is present as null; the two names at the end are present only if set. */
export type Customer = {
  id: string;
  object: 'customer';
  address: Address | null;
  balance: number;
  created: number;
  currency: string | null;
  customer_account: string | null;
  default_source: string | null;
  delinquent: boolean;
  description: string | null;
  discount: null;
  email: string | null;
  invoice_prefix: string;
  invoice_settings: InvoiceSettings;
  livemode: false;
  metadata: Metadata;
  name: string | null;
  next_invoice_sequence: number;
  phone: string | null;
  preferred_locales: string[];
  shipping: Shipping | null;
  tax_exempt: 'none' | 'exempt' | 'reverse';
  test_clock: string | null;
  business_name?: string;
  individual_name?: string;
};

export type TestClock = {
  id: string;
  object: 'test_helpers.test_clock';
  created: number;
  deletes_after: number;
  frozen_time: number;
  livemode: false;
  name: string | null;
  status: 'ready';
  status_details: object;
};

export type Subscription = {
  id: string;
  object: 'subscription';
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  collection_method: 'charge_automatically';
  created: number;
  currency: string;
  customer: string;
  description: string | null;
  ended_at: number | null;
  items: { object: 'list'; data: object[]; has_more: boolean; url: string };
  livemode: false;
  metadata: Metadata;
  start_date: number;
  status: 'active' | 'canceled';
};

/** An event as it was made; `pending_webhooks` is computed when the event is shown. */
export type StoredEvent = {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: Customer | Subscription; previous_attributes?: Record<string, unknown> };
  livemode: false;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
};

export type Endpoint = {
  id: string;
  api_version: string | null;
  created: number;
  description: string | null;
  enabled_events: string[];
  metadata: Metadata;
  /** The newest first; the older ones sign too until their time, in ms of the simulator's clock. */
  secrets: { secret: string; until: number | null }[];
  status: 'enabled' | 'disabled';
  /** Whether this endpoint is sent thin events instead of snapshots. */
  thin: boolean;
  url: string;
};
