// The fields of Stripe's customer that a mapping document may name: what Stripe takes and gives, as
// data. A new API version is read against this page alone.
//
// Sources. `openapi`: Stripe's OpenAPI description (simulator/openapi/), the parameters of
// POST /v1/customers and the schema `customer`. `types`: the types of the pinned `stripe` package,
// resources/Customers.d.ts. Lengths are counted in characters, as Stripe's `maxLength` is.

export interface StripeField {
  /** The external name. Its dots are the path in a record, and the nesting of the form. */
  name: string;
  /** `list`: an array of texts, which is one text here, its members joined by commas. */
  form: 'text' | 'list';
  /** The longest text that Stripe takes; null where it states none for the whole. */
  maxLength: number | null;
  /** The only texts that Stripe takes. */
  values?: readonly string[];
  /** Whether an empty value unsets it. One that cannot be unset is never null there. */
  clears: boolean;
  /** What the record has where it is unset; left out where that is null. */
  unset?: string;
  /** The record leaves it out where it is not set; every other field is there as null. */
  optional: boolean;
  /** The fields that are sent together, because Stripe takes or replaces them together. */
  group: Group | null;
  source: string;
}

export type Group = 'address' | 'shipping';

const TEXT = { form: 'text', clears: true, optional: false, group: null } as const;

const CUSTOMER = 'docs.stripe.com/api/customers/create; openapi';

/** The longest text of any field without a smaller limit of its own (openapi). */
const LONGEST = 5000;

/**
 * An address is a hash of six texts. Whether the parts that an update leaves out stay is not stated
 * anywhere: the reference says "any parameters not provided will be left unchanged" of parameters,
 * Stripe's answer in stripe/stripe-python#255 excepts "subresources, where all fields must be
 * specified", and stripe/stripe-go#179 saw a country become null that was not sent. So all six are
 * sent together, which is right either way (docs/decisions/0064-a-group-is-sent-whole.md).
 */
const ADDRESS_PARTS: readonly (readonly [string, string])[] = [
  ['line1', CUSTOMER],
  ['line2', CUSTOMER],
  ['city', CUSTOMER],
  ['state', CUSTOMER],
  ['postal_code', CUSTOMER],
  // "A freeform text field … the format should be a two-letter country code" for tax features alone;
  // "US - United States" was taken (stripe/stripe-node#1680). So no form is required here.
  ['country', 'docs.stripe.com/api/customers/update; openapi; stripe/stripe-node#1680'],
];

function addressIn(path: string, group: Group): StripeField[] {
  return ADDRESS_PARTS.map(([part, source]) => ({
    ...TEXT,
    name: `${path}.${part}`,
    maxLength: LONGEST,
    group,
    source,
  }));
}

export const CUSTOMER_FIELDS: readonly StripeField[] = [
  { ...TEXT, name: 'name', maxLength: 256, source: CUSTOMER },
  { ...TEXT, name: 'email', maxLength: 512, source: CUSTOMER },
  { ...TEXT, name: 'phone', maxLength: 20, source: CUSTOMER },
  { ...TEXT, name: 'description', maxLength: LONGEST, source: CUSTOMER },
  // Absent, not null, where they are not set (openapi: not nullable, not required).
  { ...TEXT, name: 'individual_name', maxLength: 150, optional: true, source: CUSTOMER },
  { ...TEXT, name: 'business_name', maxLength: 150, optional: true, source: CUSTOMER },
  ...addressIn('address', 'address'),
  // Name and address are required wherever any of it is given, at an update too
  // (stripe/stripe-ruby#755: "Missing required param: shipping[name]"; openapi: `required`).
  { ...TEXT, name: 'shipping.name', maxLength: LONGEST, group: 'shipping', source: CUSTOMER },
  { ...TEXT, name: 'shipping.phone', maxLength: LONGEST, group: 'shipping', source: CUSTOMER },
  ...addressIn('shipping.address', 'shipping'),
  {
    ...TEXT,
    name: 'tax_exempt',
    maxLength: null,
    values: ['none', 'exempt', 'reverse'],
    unset: 'none',
    source: 'docs.stripe.com/api/customers/object; openapi (enum, with "" to unset)',
  },
  // Languages in order of preference: "de,en". What is in the list changes as a whole, in an event
  // too (docs.stripe.com/changelog/2017-05-25/events-previous-attributes-render-complete-sub-array).
  { ...TEXT, name: 'preferred_locales', form: 'list', maxLength: null, source: CUSTOMER },
  {
    ...TEXT,
    name: 'invoice_prefix',
    maxLength: 12,
    // Stripe makes one for every customer, and it is unique in the account.
    clears: false,
    source: 'docs.stripe.com/api/customers/create; types ("Must be 1–12 uppercase letters or numbers")',
  },
];

/** Metadata has keys of the user's own; the keys that are given are merged into those there. */
export const METADATA = { maxKeys: 50, maxKey: 40, maxValue: 500, source: 'docs.stripe.com/api/metadata' };

/** What else a customer has that can be written, and why no text can stand for it. */
export const NOT_MAPPABLE: Readonly<Record<string, string>> = {
  balance: 'it is an amount of money, which invoices change',
  next_invoice_sequence: 'it is a number, which every invoice changes',
  cash_balance: 'it is settings of money, not a text',
  invoice_settings: 'it belongs to payment methods and invoices, not to the customer alone',
  default_source: 'it is the id of a payment source',
  source: 'it is a payment source, which a record does not show',
  payment_method: 'a create alone takes it, and a record does not show it',
  tax: 'it is read from elsewhere: Stripe derives it from the address',
  tax_id_data: 'a create alone takes it; tax ids are objects of their own',
  test_clock: 'a create alone takes it',
  id: 'Stripe makes it',
};

const METADATA_PREFIX = 'metadata.';
const byName = new Map(CUSTOMER_FIELDS.map((field) => [field.name, field]));

/** The key of a field in the metadata; null for every other field. */
export function metadataKey(name: string): string | null {
  return name.startsWith(METADATA_PREFIX) ? name.slice(METADATA_PREFIX.length) : null;
}

/** Where a field stands in a record. A key of the metadata is one part, whatever dots it has. */
export function pathOf(name: string): string[] {
  const key = metadataKey(name);
  return key === null ? name.split('.') : ['metadata', key];
}

export function fieldNamed(name: string): StripeField | undefined {
  if (metadataKey(name) === null) return byName.get(name);
  return { ...TEXT, name, maxLength: METADATA.maxValue, optional: true, source: METADATA.source };
}

/** All fields of a group, in the order in which they are sent. */
export function membersOf(group: Group): string[] {
  return CUSTOMER_FIELDS.filter((field) => field.group === group).map(({ name }) => name);
}
