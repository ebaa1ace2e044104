// A customer of Stripe as the flat record that the engine knows: the mapped fields, those that can stand in for them, our mark.
import type { Stripe } from 'stripe';
import type { Answered, ExternalRecord } from '../integration.ts';
import type { Fields, Value } from '../../catalogue/document.ts';
import { readDate, unexpectedAnswer } from './evidence.ts';
import { readMark } from './mark.ts';

/** Takes what an answer holds, of any shape; an answer that is no customer is an error, not a record of nulls. */
export function toRecord(answer: object, names: string[], markKey: string): ExternalRecord {
  const customer = answer as Record<string, unknown>;
  const { id, created } = customer;
  if (typeof id !== 'string' || id === '') throw unexpectedAnswer('a customer without id');
  if (typeof created !== 'number') throw unexpectedAnswer('a customer without its time of creation');
  const fields: Fields = {};
  for (const name of names) {
    const value = readValue(customer[name]);
    if (value === undefined) throw unexpectedAnswer(`a customer whose ${name} is no text, or too long`);
    fields[name] = value;
  }
  return {
    externalId: id,
    fields,
    ...readMark(customer['metadata'], markKey),
    createdAt: new Date(created * 1000),
    testClock: clockOf(customer['test_clock']),
  };
}

/** An id, or the clock itself where a caller had it expanded. */
function clockOf(clock: unknown): string | null {
  const id: unknown = typeof clock === 'object' && clock !== null && 'id' in clock ? clock.id : clock;
  return typeof id === 'string' && id !== '' ? id : null;
}

/** Ten times the longest field that Stripe takes (docs.stripe.com/api/customers). */
const MAX_TEXT = 5_000;

/** Text, or null where there is none; undefined for another type, or no sane length. What Postgres cannot hold (NUL, half a pair) is taken out. */
export function readValue(value: unknown): Value | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string' || value.length > MAX_TEXT) return undefined;
  return value.toWellFormed().replaceAll('\0', '');
}

export function toAnswered(lastResponse: Stripe.Response<unknown>['lastResponse']): Answered {
  const { statusCode, headers } = lastResponse;
  return {
    requestId: headers['request-id'] ?? null,
    status: statusCode,
    answeredAt: readDate(headers['date']),
  };
}
