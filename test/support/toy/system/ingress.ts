// Toy's webhooks: whether a delivery is Toy's, and the events in it in the engine's terms. A body has
// many events: `{ "events": [ … ] }`. `Toy-Signature: <hex>` signs the method, the path, the time of
// `Toy-Time: <seconds>` and the raw body with HMAC-SHA256. Nothing in this file throws: a value of a
// wrong type is left out and named in `unreadable`.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type {
  InboundEvent,
  Ingress,
  Verification,
  WebhookCheck,
} from '../../../../lib/integrations/integration.ts';
import { isHash, type Hash } from './client.ts';
import { isValue } from './fields.ts';
import { isId, readFields, type Reading } from './record.ts';
import { readTime } from './times.ts';

const TOLERANCE_S = 60;

const REASONS = {
  no_secret: 'no webhook secret is set',
  missing: 'there is no Toy-Signature or no Toy-Time header',
  malformed: 'the Toy-Signature header is not 64 hexadecimal digits, or Toy-Time is not in seconds',
  too_old: 'the signature is older than the tolerance',
  too_new: 'the signature is from the future by more than the tolerance: check both clocks',
  no_match: 'the signature does not match: another secret, another body, or another address',
};

export function createIngress(reading: Reading): Ingress {
  return {
    toleranceS: TOLERANCE_S,
    verify: verifySignature,
    events(body) {
      const events = isHash(body) ? body['events'] : null;
      if (!Array.isArray(events)) return [{ ok: false, why: 'it has no list of events' }];
      return events.map((item: unknown) => {
        const event = readEvent(item, reading);
        return event === null ? { ok: false, why: 'it has no id or no type' } : { ok: true, event };
      });
    },
  };
}

function verifySignature(check: WebhookCheck): Verification {
  const { headers, secrets, now, toleranceS } = check;
  const usable = secrets.filter((secret) => secret.trim() !== '');
  if (usable.length === 0) return refuse('no_secret');
  const [signature, time] = [headers['toy-signature'] ?? '', headers['toy-time'] ?? ''];
  if (signature === '' || time === '') return refuse('missing');
  if (typeof signature !== 'string' || !/^[0-9a-f]{64}$/i.test(signature)) return refuse('malformed');
  if (typeof time !== 'string' || !/^\d{1,12}$/.test(time)) return refuse('malformed');
  const age = Math.floor(now.getTime() / 1_000) - Number(time);
  if (age > toleranceS) return refuse('too_old');
  if (age < -toleranceS) return refuse('too_new');
  const given = Buffer.from(signature, 'hex');
  const matches = usable.filter((secret) => timingSafeEqual(given, digestOf(check, time, secret)));
  return matches.length > 0 ? { ok: true, signedAt: new Date(Number(time) * 1_000) } : refuse('no_match');
}

function digestOf({ method, path, rawBody }: WebhookCheck, time: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${method} ${path}\n${time}\n`).update(rawBody).digest();
}

function refuse(code: keyof typeof REASONS): Verification {
  return { ok: false, code, message: REASONS[code] };
}

const KINDS: Record<string, InboundEvent['kind']> = {
  'person.created': 'created',
  'person.updated': 'updated',
  'person.deleted': 'deleted',
  'person.merged': 'merged',
};

/** Null if it is no event: without an id it could not be told from its repeats. */
export function readEvent(event: unknown, reading: Reading): InboundEvent | null {
  if (!isHash(event)) return null;
  const { id, type, key } = event;
  if (!isId(id) || typeof type !== 'string' || !/^[\w.]{1,80}$/.test(type)) return null;
  const unreadable: string[] = [];
  const created = readTime(event['at']);
  if (created === null) unreadable.push('created');
  const kind = Object.hasOwn(KINDS, type) ? (KINDS[type] ?? 'other') : 'other';
  return {
    ...{ externalEventId: id, type, kind },
    // The account is the one that the endpoint belongs to, and Toy has no test mode.
    ...{ account: null, livemode: false },
    // A time that cannot be read counts as long past: the record of such an event is read.
    created: created ?? new Date(0),
    requestId: null,
    idempotencyKey: typeof key === 'string' ? key : null,
    ...{ thin: false, snapshotEventId: null, unreadable },
    ...(kind === 'other' ? NOTHING : readPerson(event, kind, reading, unreadable)),
    ...(kind === 'merged' && { into: isId(event['into']) ? event['into'] : null }),
  };
}

const NOTHING = { externalId: null, after: null, previous: null, ownerTag: null, foreignTag: false };

function readPerson(event: Hash, kind: InboundEvent['kind'], { names, tags }: Reading, unreadable: string[]) {
  const person = isHash(event['person']) ? event['person'] : {};
  const { id } = person;
  if (!isId(id)) unreadable.push('external_id');
  const isGone = kind === 'deleted' || kind === 'merged';
  const after = isGone ? null : readFields(person, names);
  if (!isGone && after === null)
    unreadable.push(
      ...names.filter((field) => !isValue(field, person[field])).map((field) => `after.${field}`),
    );
  return {
    externalId: isId(id) ? id : null,
    after,
    previous: readPrevious(event['before'], names, unreadable),
    ...tags.read(person['tag']),
  };
}

/** Only the fields that changed; null if the event does not say which did. */
function readPrevious(
  before: unknown,
  names: readonly string[],
  unreadable: string[],
): InboundEvent['previous'] {
  if (before === null || before === undefined) return null;
  const previous: NonNullable<InboundEvent['previous']> = {};
  for (const field of names) {
    const value = isHash(before) ? before[field] : before;
    if (isValue(field, value)) previous[field] = value;
    else if (value !== undefined) unreadable.push(`previous.${field}`);
  }
  return isHash(before) ? previous : null;
}
