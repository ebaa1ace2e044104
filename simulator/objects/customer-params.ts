/**
 * The parameters of a create or an update of a customer, and the customer that they make
 * (docs.stripe.com/api/customers, lengths from Stripe's OpenAPI description). Parameters of Stripe
 * that this double does not model are refused with a message, and not ignored.
 */
import { refuse } from '../http/errors.ts';
import type { ParamValue, Params } from '../http/form.ts';
import { refuseBadEmail } from './email.ts';
import { mergeMetadata } from './metadata.ts';
import type { Address, Customer, InvoiceSettings, Shipping } from './objects.ts';
import {
  nested,
  readChoice,
  readHash,
  readInteger,
  readList,
  readRequiredText,
  readText,
  readTextList,
  refuseMissing,
  refuseUnknown,
} from '../http/params.ts';

export const MODELLED = [
  'address',
  'balance',
  'business_name',
  'description',
  'email',
  'expand',
  'individual_name',
  'invoice_prefix',
  'invoice_settings',
  'metadata',
  'name',
  'next_invoice_sequence',
  'phone',
  'preferred_locales',
  'shipping',
  'tax_exempt',
] as const;

const NOT_MODELLED = ['cash_balance', 'payment_method', 'source', 'tax', 'tax_id_data'] as const;
/** Parameters of a create only; the handler reads them, since both are about other objects. */
const ON_CREATE = ['id', 'test_clock'] as const;
const NOT_MODELLED_ON_UPDATE = [
  'bank_account',
  'card',
  'cash_balance',
  'default_alipay_account',
  'default_bank_account',
  'default_card',
  'default_source',
  'source',
  'tax',
] as const;

export const CREATE_PARAMS: readonly string[] = [...MODELLED, ...ON_CREATE, ...NOT_MODELLED];
export const UPDATE_PARAMS: readonly string[] = [...MODELLED, ...NOT_MODELLED_ON_UPDATE];

const ADDRESS_PARTS = ['city', 'country', 'line1', 'line2', 'postal_code', 'state'] as const;

const NO_ADDRESS: Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

/** The customer after the parameters; the argument is not changed. */
export function applyCustomerParams(
  before: Customer,
  params: Params,
  { known, replacesHashes }: { known: readonly string[]; replacesHashes: boolean },
): Customer {
  refuseUnknown(params, known);
  for (const name of Object.keys(params)) {
    if (![...MODELLED, ...ON_CREATE].some((modelled) => modelled === name)) {
      refuse(`The simulator has no model for '${name}'.`, { param: name });
    }
  }
  const { business_name: business, individual_name: individual, ...rest } = before;
  const businessName = readText(params['business_name'], 'business_name', 150);
  const individualName = readText(params['individual_name'], 'individual_name', 150);
  return {
    ...rest,
    address: patchAddress(before.address, params['address'], { param: 'address', replacesHashes }),
    balance: readInteger(params['balance'], 'balance') ?? before.balance,
    description: given(readText(params['description'], 'description'), before.description),
    email: given(readEmail(params['email']), before.email),
    invoice_prefix: readInvoicePrefix(params['invoice_prefix']) ?? before.invoice_prefix,
    invoice_settings: patchInvoiceSettings(before.invoice_settings, params['invoice_settings']),
    metadata: mergeMetadata(before.metadata, params['metadata']),
    name: given(readText(params['name'], 'name', 256), before.name),
    next_invoice_sequence:
      readInteger(params['next_invoice_sequence'], 'next_invoice_sequence') ?? before.next_invoice_sequence,
    phone: given(readText(params['phone'], 'phone', 20), before.phone),
    preferred_locales:
      readTextList(params['preferred_locales'], 'preferred_locales') ?? before.preferred_locales,
    shipping: patchShipping(before.shipping, params['shipping'], replacesHashes),
    tax_exempt: readTaxExempt(params['tax_exempt']) ?? before.tax_exempt,
    // These two are absent, not null, when they are not set.
    ...present('business_name', given(businessName, business ?? null)),
    ...present('individual_name', given(individualName, individual ?? null)),
  };
}

function given<T>(value: T | undefined, before: T): T {
  return value === undefined ? before : value;
}

function present<Name extends string>(name: Name, value: string | null): { [Key in Name]?: string } {
  return (value === null ? {} : { [name]: value }) as { [Key in Name]?: string }; // a computed name widens to string
}

function readEmail(value: ParamValue | undefined): string | null | undefined {
  const email = readText(value, 'email', 512);
  if (email) refuseBadEmail(email, 'email');
  return email;
}

/** An empty value is one of the four that Stripe's description lists; that it means `none` is our guess. */
function readTaxExempt(value: ParamValue | undefined): Customer['tax_exempt'] | undefined {
  const choice = readChoice(value, 'tax_exempt', ['', 'none', 'exempt', 'reverse'] as const);
  return choice === '' ? 'none' : choice;
}

function readInvoicePrefix(value: ParamValue | undefined): string | undefined {
  const prefix = readRequiredText(value, 'invoice_prefix');
  if (prefix !== undefined && !/^[A-Z0-9]{1,12}$/.test(prefix)) {
    refuse('Invalid invoice_prefix: must be 1 to 12 uppercase letters or numbers.', {
      param: 'invoice_prefix',
    });
  }
  return prefix;
}

/**
 * An empty leaf becomes null, and an empty hash parameter unsets the whole hash. Stripe does not
 * document whether leaves that are not in the request keep their values: the rule `replaces_hashes`
 * decides it.
 */
function patchAddress(
  before: Address | null,
  value: ParamValue | undefined,
  { param, replacesHashes }: { param: string; replacesHashes: boolean },
): Address | null {
  const hash = readHash(value, param);
  if (hash === undefined || hash === null) return hash === null ? null : before;
  refuseUnknown(hash, ADDRESS_PARTS, param);
  const after: Address = { ...NO_ADDRESS, ...(replacesHashes ? null : before) };
  for (const part of ADDRESS_PARTS) {
    after[part] = given(readText(hash[part], nested(param, part)), after[part]);
  }
  return after;
}

/**
 * A request that sets any part of shipping must set its name and its address, even if both are set
 * already (stripe/stripe-python#255, stripe/stripe-ruby#755, stripe/stripe-php#371).
 */
function patchShipping(
  before: Shipping | null,
  value: ParamValue | undefined,
  replacesHashes: boolean,
): Shipping | null {
  const hash = readHash(value, 'shipping');
  if (hash === undefined || hash === null) return hash === null ? null : before;
  refuseUnknown(hash, ['address', 'name', 'phone'], 'shipping');
  const there = replacesHashes ? null : before;
  const address = patchAddress(
    there?.address ?? null,
    hash['address'] ?? refuseMissing('shipping[address]'),
    {
      param: 'shipping[address]',
      replacesHashes,
    },
  );
  return {
    address: address ?? NO_ADDRESS,
    name: readRequiredText(hash['name'], 'shipping[name]') ?? refuseMissing('shipping[name]'),
    phone: given(readText(hash['phone'], 'shipping[phone]'), there?.phone ?? null),
  };
}

function patchInvoiceSettings(before: InvoiceSettings, value: ParamValue | undefined): InvoiceSettings {
  const hash = readHash(value, 'invoice_settings');
  if (hash === undefined || hash === null) return before;
  refuseUnknown(
    hash,
    ['custom_fields', 'default_payment_method', 'footer', 'rendering_options'],
    'invoice_settings',
  );
  if (hash['default_payment_method'] || hash['rendering_options']) {
    refuse('The simulator has no model for payment methods and rendering options.', {
      param: 'invoice_settings',
    });
  }
  return {
    ...before,
    custom_fields: readCustomFields(hash['custom_fields'], before.custom_fields),
    footer: given(readText(hash['footer'], 'invoice_settings[footer]'), before.footer),
  };
}

function readCustomFields(value: ParamValue | undefined, before: InvoiceSettings['custom_fields']) {
  const param = 'invoice_settings[custom_fields]';
  const list = readList(value, param);
  if (list === undefined || list === null) return list === null ? null : before;
  return list.map((item, index) => {
    const at = nested(param, String(index));
    const hash = readHash(item, at) ?? {};
    refuseUnknown(hash, ['name', 'value'], at);
    return {
      name: readRequiredText(hash['name'], nested(at, 'name'), 40) ?? refuseMissing(nested(at, 'name')),
      value: readRequiredText(hash['value'], nested(at, 'value'), 140) ?? refuseMissing(nested(at, 'value')),
    };
  });
}
