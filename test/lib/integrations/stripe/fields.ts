// Mapping documents with any fields of Stripe's customer, for an entity that has a field for each.
import type { Fields, MappingDocument, Value } from '../../../../lib/catalogue/document.ts';
import { plainField } from '../../../../lib/catalogue/built-in.ts';
import type { Entities } from '../../../../lib/catalogue/entity.ts';
import { CUSTOMER_FIELDS, fieldNamed } from '../../../../lib/integrations/stripe/customer-fields.ts';
import { parseStripeDocument } from '../../../../lib/integrations/stripe/document.ts';

/** Every field of the table, and three of the metadata, one with a name that JavaScript knows. */
export const ALL: readonly string[] = [
  ...CUSTOMER_FIELDS.map(({ name }) => name),
  ...['metadata.plan', 'metadata.a.b & c', 'metadata.constructor'],
];

export const SHIPPING_ROOT = 'shipping.name';

export function internalOf(external: string): string {
  return external === 'name' || external === 'email' ? external : `our ${external}`;
}

export const WIDE: Entities = {
  customer: {
    ...{ name: 'customer', plural: 'customers', table: 'customers', identity: null },
    fields: ALL.map((name) => ({ ...plainField(internalOf(name), 'text'), required: name === 'name' })),
  },
};

export function ruleOf(external: string, more: object = {}): object {
  return {
    internal: internalOf(external),
    external,
    direction: fieldNamed(external)?.clears === false ? 'pull' : 'both',
    conflict: 'internal_wins',
    onNull: 'keep',
    toExternal: [],
    toInternal: [],
    compare: [],
    fallback: [],
    maxLength: fieldNamed(external)?.maxLength ?? null,
    ...more,
  };
}

export function candidateOf(...fields: object[]): object {
  return { id: 'wide@1', system: 'stripe', entity: 'customer', externalType: 'customer', fields };
}

export function documentOf(externals: readonly string[]): MappingDocument {
  return parseStripeDocument(candidateOf(...externals.map((name) => ruleOf(name))), WIDE);
}

let prefixes = 0;

/** A value that Stripe takes; no two of them are the same. */
export function valueOf(external: string, salt: string): string {
  switch (external) {
    case 'email':
      return `${salt}@example.com`;
    case 'address.country':
    case 'shipping.address.country':
      return salt === 'one' ? 'DE' : 'GB';
    case 'tax_exempt':
      return salt === 'one' ? 'exempt' : 'reverse';
    case 'preferred_locales':
      return salt === 'one' ? 'de,en' : 'fr';
    case 'invoice_prefix':
      return `P${++prefixes}`;
    default:
      return `${salt} of ${external}`.slice(0, fieldNamed(external)?.maxLength ?? 100);
  }
}

export function filled(externals: readonly string[], salt: string): Record<string, string> {
  return Object.fromEntries(externals.map((name) => [name, valueOf(name, salt)]));
}

/** What a field holds once it was cleared. */
export function clearedValue(external: string): Value {
  return external === 'tax_exempt' ? 'none' : null;
}

export function pick(fields: Fields, externals: readonly string[]): Fields {
  return Object.fromEntries(externals.map((name) => [name, fields[name] ?? null]));
}
