// One field of a customer, read by its dotted name out of a record, or out of the part of one that
// an event says was different before: of a hash, only what has changed in it
// (docs.stripe.com/changelog/2015-01-26/events-previous-attributes-render-differences).
import type { Value } from '../../catalogue/document.ts';
import { fieldNamed, pathOf } from './customer-fields.ts';

export type Hash = Record<string, unknown>;

export interface FieldRead {
  /** Whether it is said there at all, be it as null. Below a null there are nulls. */
  said: boolean;
  /** undefined for what is of another type, or of no sane length. */
  value: Value | undefined;
}

export function readField(from: Hash, name: string): FieldRead {
  let value: unknown = from;
  for (const part of pathOf(name)) {
    if (value === null || value === undefined) return { said: true, value: null };
    if (!isHash(value)) return { said: true, value: undefined };
    if (!Object.hasOwn(value, part)) return { said: false, value: null };
    value = value[part];
  }
  return { said: true, value: fieldNamed(name)?.form === 'list' ? readList(value) : readValue(value) };
}

export function isHash(value: unknown): value is Hash {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Room for the longest field of Stripe, 5,000 characters (openapi), each of them a surrogate pair. */
const MAX_TEXT = 10_000;

/**
 * Text, or null where there is none; undefined for another type, or no sane length. What Postgres
 * cannot hold (NUL, half a pair) is taken out.
 */
export function readValue(value: unknown): Value | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string' || value.length > MAX_TEXT) return undefined;
  return value.toWellFormed().replaceAll('\0', '');
}

/** A list of texts as one; a comma inside one of them would make two of it. */
function readList(list: unknown): Value | undefined {
  if (list === null || list === undefined) return null;
  if (!Array.isArray(list)) return undefined;
  const texts = list.map(readValue);
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  if (texts.some((text) => text.includes(','))) return undefined;
  return texts.length === 0 ? null : readValue(texts.join(','));
}
