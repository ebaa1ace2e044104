// Events of Stripe in the engine's terms. A snapshot event (docs.stripe.com/api/events/object)
// contains the customer, a thin event (`v1.customer.*`, docs.stripe.com/api/v2/core/events) only
// names it. Nothing in this file throws: a value of a wrong type is left out and named in
// `unreadable`, so that it is never mistaken for null or for an unchanged field.
import type { InboundEvent, Ingress } from '../integration.ts';
import type { Fields } from '../../catalogue/document.ts';
import { readTag } from './owner-tag.ts';
import { fieldNamed } from './customer-fields.ts';
import { isHash, readField, type Hash } from './read-field.ts';
import { verifySignature } from './signature.ts';

/** Stripe's own tolerance, in both directions (docs.stripe.com/webhooks#replay-attacks). */
const TOLERANCE_S = 300;
const MAX_ID = 255;
/** From 1970 to 2100: times that a uuid v7 and Postgres can hold. */
const MAX_SECONDS = 4_102_444_800;

export interface NormaliseSettings {
  /** External fields of interest: mapped ones first, then those that stand in for them. */
  names: string[];
  /** Those that a request of ours may carry: the mapped ones, and what is written beside them. */
  carried: string[];
  tagKey: string;
}

export function createIngress(settings: NormaliseSettings): Ingress {
  return {
    toleranceS: TOLERANCE_S,
    verify: ({ headers, ...check }) => verifySignature({ ...check, header: headers['stripe-signature'] }),
    // A body of Stripe is one event.
    events(body) {
      const event = normalise(body, settings);
      return [event === null ? { ok: false, why: 'it has no id or no type' } : { ok: true, event }];
    },
  };
}

/** null if it is not an event: without an id it cannot be distinguished from its repeats. */
export function normalise(event: unknown, settings: NormaliseSettings): InboundEvent | null {
  if (!isHash(event)) return null;
  const externalEventId = readId(event['id']);
  const type = readId(event['type']);
  if (externalEventId === null || type === null) return null;
  const thin =
    event['object'] === 'v2.core.event' || (event['data'] === undefined && 'related_object' in event);
  const unreadable: string[] = [];
  const kind = kindOf(type, thin);
  const created = readTime(event['created']);
  if (created === null) unreadable.push('created');
  const livemode = typeof event['livemode'] === 'boolean' ? event['livemode'] : null;
  if (livemode === null) unreadable.push('livemode');
  const request = readRequest(thin ? hash(event['reason'])['request'] : event['request']);
  const common = {
    externalEventId,
    type,
    kind,
    livemode,
    thin,
    unreadable,
    // A time that cannot be read counts as long past: the customer of such an event is read.
    created: created ?? new Date(0),
    account: readAccount(event),
    requestId: request.id,
    idempotencyKey: request.key,
    snapshotEventId: readId(event['snapshot_event']),
  };
  if (kind === 'other') return { ...common, ...NOTHING };
  return {
    ...common,
    ...(thin ? readThin(event, settings, unreadable) : readSnapshot(event, kind, settings, unreadable)),
  };
}

const NOTHING = { externalId: null, after: null, previous: null, ownerTag: null, foreignTag: false };

type Said = Pick<InboundEvent, 'externalId' | 'after' | 'previous' | 'ownerTag' | 'foreignTag'>;

function readSnapshot(
  event: Hash,
  kind: InboundEvent['kind'],
  { names, carried, tagKey }: NormaliseSettings,
  unreadable: string[],
): Said {
  const { object, previous_attributes: previous } = hash(event['data']);
  if (!isHash(object)) unreadable.push('data.object');
  if (previous !== undefined && previous !== null && !isHash(previous)) {
    unreadable.push(...carried.map((name) => `previous.${name}`));
  }
  const customer = hash(object);
  // The object of a deletion is the last state (docs.stripe.com/api/events/types); there is none
  // after it.
  const wanted = kind === 'deleted' || !isHash(object) ? [] : names;
  const after = readFields(customer, wanted, 'after', unreadable);
  const before = kind === 'deleted' ? object : previous;
  return {
    externalId: requireExternalId(customer['id'], unreadable),
    after: wanted.length > 0 && Object.keys(after).length === wanted.length ? after : null,
    previous: isHash(before)
      ? readFields(before, saidIn(before, carried, kind), 'previous', unreadable)
      : null,
    ...readTag(customer['metadata'], tagKey),
  };
}

/**
 * `changes` has the values before and after of the changed fields only, so it gives the earlier
 * values but never the whole record.
 */
function readThin(event: Hash, { carried }: NormaliseSettings, unreadable: string[]): Said {
  const before = hash(event['changes'])['before'];
  return {
    ...NOTHING,
    externalId: requireExternalId(hash(event['related_object'])['id'], unreadable),
    previous: isHash(before) ? readFields(before, saidIn(before, carried), 'previous', unreadable) : null,
  };
}

function kindOf(type: string, thin: boolean): InboundEvent['kind'] {
  switch (thin && type.startsWith('v1.') ? type.slice('v1.'.length) : type) {
    case 'customer.created':
      return 'created';
    case 'customer.updated':
      return 'updated';
    case 'customer.deleted':
      return 'deleted';
    default:
      return 'other';
  }
}

function readFields(from: Hash, names: string[], side: 'after' | 'previous', unreadable: string[]): Fields {
  const fields: Fields = {};
  for (const name of names) {
    const { value } = readField(from, name);
    if (value === undefined) unreadable.push(`${side}.${name}`);
    else fields[name] = value;
  }
  return fields;
}

/**
 * Of a change, what is named in it: a hash holds only what has changed in it, and below a null all
 * was null. Of a deletion also what a customer leaves out where it is not set.
 */
function saidIn(from: Hash, names: string[], kind?: InboundEvent['kind']): string[] {
  return names.filter(
    (name) => readField(from, name).said || (kind === 'deleted' && fieldNamed(name)?.optional === true),
  );
}

function requireExternalId(value: unknown, unreadable: string[]): string | null {
  const id = readId(value);
  if (id === null) unreadable.push('external_id');
  return id;
}

/** Connect's `account`; `context` is its successor and is set for other accounts only. */
function readAccount(event: Hash): string | null {
  return readId(event['account']) ?? readId(event['context']);
}

/** Older API versions give the request's id alone; null means "no API call", not "a person". */
function readRequest(request: unknown): { id: string | null; key: string | null } {
  if (typeof request === 'string') return { id: readId(request), key: null };
  return { id: readId(hash(request)['id']), key: readId(hash(request)['idempotency_key']) };
}

/** Seconds in snapshots, ISO 8601 in thin events. */
function readTime(created: unknown): Date | null {
  const iso = typeof created === 'string' && /^\d{4}-\d\d-\d\dT/.test(created);
  const seconds = iso ? Date.parse(created) / 1000 : created;
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= MAX_SECONDS)) return null;
  return new Date(seconds * 1000);
}

function readId(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > MAX_ID) return null;
  // A text that PostgreSQL cannot store is no usable id.
  return value.isWellFormed() && !value.includes('\0') ? value : null;
}

function hash(value: unknown): Hash {
  return isHash(value) ? value : {};
}
