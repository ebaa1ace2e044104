// A customer of Stripe as the flat record of the engine: the mapped fields, the fields that can
// replace an empty one, the fields that are written with them, and our owner tag.
import type { Stripe } from 'stripe';
import type { Fields } from '../../catalogue/document.ts';
import type { Answered, ExternalRecord } from '../integration.ts';
import { requireType } from './answer.ts';
import { unexpectedAnswer } from './evidence.ts';
import { readDate, readRequestId } from './headers.ts';
import { readTag } from './owner-tag.ts';
import { readField } from './read-field.ts';

/**
 * Reads an answer of any shape; an answer that is not a customer is an error, and not a record of
 * nulls.
 */
export function toRecord(answer: object, names: string[], tagKey: string): ExternalRecord {
  requireType(answer, 'customer');
  const customer = answer as Record<string, unknown>;
  const { id, created, deleted } = customer;
  if (deleted !== undefined && deleted !== false)
    throw unexpectedAnswer('a customer that is deleted, or incomplete');
  if (typeof id !== 'string' || id === '') throw unexpectedAnswer('a customer without id');
  if (typeof created !== 'number' || !(created >= 0 && created <= MAX_SECONDS))
    throw unexpectedAnswer('a customer without its time of creation');
  const fields: Fields = {};
  for (const name of names) {
    const { value } = readField(customer, name);
    if (value === undefined) throw unexpectedAnswer(`a customer whose ${name} is not a text, or too long`);
    fields[name] = value;
  }
  return {
    externalId: id,
    fields,
    ...readTag(customer['metadata'], tagKey),
    createdAt: new Date(created * 1000),
    testClock: clockOf(customer['test_clock']),
  };
}

/** Until 2100: a time that Postgres can hold. */
const MAX_SECONDS = 4_102_444_800;

/** The id of the clock, also if a caller had the clock expanded. */
function clockOf(clock: unknown): string | null {
  const id: unknown = typeof clock === 'object' && clock !== null && 'id' in clock ? clock.id : clock;
  return typeof id === 'string' && id !== '' ? id : null;
}

export function toAnswered(lastResponse: Stripe.Response<unknown>['lastResponse']): Answered {
  const { statusCode, headers } = lastResponse;
  return {
    requestId: readRequestId(headers['request-id']),
    status: statusCode,
    answeredAt: readDate(headers['date']),
  };
}
