// Toy's webhooks: whether a delivery is Toy's, and the event in it in the engine's terms. The header
// `Toy-Signature: t=<seconds>,v1=<hex>` signs `<t>.<raw body>` with HMAC-SHA256. Nothing in this file
// throws: a value of a wrong type is left out and named in `unreadable`.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type {
  InboundEvent,
  Ingress,
  Verification,
  WebhookCheck,
} from '../../../../lib/integrations/integration.ts';
import { isHash, type Hash } from './client.ts';
import { FIELDS, isId, isValue, readFields, readTime, type Tags } from './record.ts';

const REASONS = {
  no_secret: 'no webhook secret is set',
  missing: 'there is no Toy-Signature header',
  malformed: 'the Toy-Signature header is not t=…,v1=…',
  too_old: 'the signature is older than the tolerance',
  too_new: 'the signature is from the future by more than the tolerance: check both clocks',
  no_match: 'the signature does not match: another secret, or another body',
};

export function createIngress(tags: Tags): Ingress {
  return {
    header: 'toy-signature',
    verify: verifySignature,
    normalise: (event) => readEvent(event, tags),
  };
}

function verifySignature({ rawBody, header, secrets, now, toleranceS }: WebhookCheck): Verification {
  const usable = secrets.filter((secret) => secret.trim() !== '');
  if (usable.length === 0) return refuse('no_secret');
  if (header === undefined || header === '') return refuse('missing');
  const [, time = '', signature = ''] =
    typeof header === 'string' ? (/^t=(\d{1,12}),v1=([0-9a-f]{64})$/i.exec(header) ?? []) : [];
  if (time === '') return refuse('malformed');
  const age = Math.floor(now.getTime() / 1_000) - Number(time);
  if (age > toleranceS) return refuse('too_old');
  if (age < -toleranceS) return refuse('too_new');
  const given = Buffer.from(signature, 'hex');
  const matches = usable.filter((secret) =>
    timingSafeEqual(given, createHmac('sha256', secret).update(`${time}.`).update(rawBody).digest()),
  );
  return matches.length > 0 ? { ok: true, signedAt: new Date(Number(time) * 1_000) } : refuse('no_match');
}

function refuse(code: keyof typeof REASONS): Verification {
  return { ok: false, code, message: REASONS[code] };
}

const KINDS: Record<string, InboundEvent['kind']> = {
  'person.created': 'created',
  'person.updated': 'updated',
  'person.deleted': 'deleted',
};

/** Null if it is no event: without an id it could not be told from its repeats. */
export function readEvent(event: unknown, tags: Tags): InboundEvent | null {
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
    ...(kind === 'other' ? NOTHING : readPerson(event, kind, tags, unreadable)),
  };
}

const NOTHING = { externalId: null, after: null, previous: null, ownerTag: null, foreignTag: false };

function readPerson(event: Hash, kind: InboundEvent['kind'], tags: Tags, unreadable: string[]) {
  const person = isHash(event['person']) ? event['person'] : {};
  const { id } = person;
  if (!isId(id)) unreadable.push('external_id');
  const after = kind === 'deleted' ? null : readFields(person);
  if (kind !== 'deleted' && after === null)
    unreadable.push(...FIELDS.filter((name) => !isValue(person[name])).map((name) => `after.${name}`));
  return {
    externalId: isId(id) ? id : null,
    after,
    previous: readPrevious(event['before'], unreadable),
    ...tags.read(person['tag']),
  };
}

/** Only the fields that changed; null if the event does not say which did. */
function readPrevious(before: unknown, unreadable: string[]): InboundEvent['previous'] {
  if (before === null || before === undefined) return null;
  const previous: NonNullable<InboundEvent['previous']> = {};
  for (const name of FIELDS) {
    const value = isHash(before) ? before[name] : before;
    if (isValue(value)) previous[name] = value;
    else if (value !== undefined) unreadable.push(`previous.${name}`);
  }
  return isHash(before) ? previous : null;
}
