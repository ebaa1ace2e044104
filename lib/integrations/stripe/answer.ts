// Which answers come from Stripe's own software, and what an answer must contain to be used. At
// times a proxy, a cache or a wrong host answers instead of Stripe: such an answer is no success,
// no deletion and no refusal.
import type { IncomingHttpHeaders } from 'node:http';
import { unexpectedAnswer } from './evidence.ts';

/** An answer as received. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

/**
 * The types of Stripe's errors (docs.stripe.com/api/errors); a gateway's error has another, or
 * none.
 */
const ERROR_TYPES: unknown[] = ['api_error', 'card_error', 'idempotency_error', 'invalid_request_error'];

/**
 * The JSON of an answer that Stripe can have given; null for any other answer. The API answers in
 * JSON alone (docs.stripe.com/api), with 200 if the call succeeded, and with an `error` under 4xx
 * or 5xx otherwise (docs.stripe.com/api/errors). The SDK takes any JSON without `error` for a
 * success, also a part of an answer (206) or a proxy's `{}` with 502.
 */
export function readAnswer({ status, headers, body }: RawAnswer): object | null {
  if (!isLabelledJson(headers['content-type'])) return null;
  const json = parseJson(body);
  if (!isObject(json)) return null;
  const { error } = json;
  if (status === 200) return error === undefined ? json : null;
  return status >= 400 && isObject(error) && ERROR_TYPES.includes(error['type']) ? json : null;
}

function isLabelledJson(type: string | undefined): boolean {
  return type === undefined || type.split(';')[0]?.trim().toLowerCase() === 'application/json';
}

/** JSON is UTF-8 (RFC 8259 §8.1); other bytes would put wrong letters into a name that we store. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** Every object of Stripe names its type in `object` (docs.stripe.com/api/customers/object). */
export function requireType(answer: object, type: string): void {
  if (!('object' in answer) || answer.object !== type)
    throw unexpectedAnswer(`an answer that is not a ${type}`);
}

/**
 * The answer for a customer contains the id that was asked for, also if the customer is deleted.
 */
export function requireCustomerOf(answer: object, id: string): void {
  requireType(answer, 'customer');
  if (!('id' in answer) || answer.id !== id)
    throw unexpectedAnswer('another customer than the one that was asked for');
}

/**
 * A list says in `has_more` whether more follows (docs.stripe.com/api/pagination), and each member
 * names its type. Only such a list can show that a record is absent.
 */
export function requireList(list: unknown, type: 'list' | 'search_result', member: string): void {
  if (!isObject(list)) throw unexpectedAnswer('an answer that is not a list');
  requireType(list, type);
  const { data, has_more: hasMore } = list;
  if (!Array.isArray(data) || typeof hasMore !== 'boolean')
    throw unexpectedAnswer('a list without its data or its end');
  for (const one of data as unknown[]) {
    if (!isObject(one)) throw unexpectedAnswer('a list with a member that is not an object');
    requireType(one, member);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
