// The toy behind the integration contract, as a system's folder in lib/integrations/ would have it.
import type { Fields } from '../../../lib/catalogue/document.ts';
import type {
  EventFeed,
  ExternalRecord,
  Failure,
  InboundEvent,
  IncomingItem,
  Ingress,
  Integration,
  Written,
} from '../../../lib/integrations/integration.ts';
import { toyDocument } from './document.ts';
import type { ToyEvent, ToyPerson } from './server.ts';
import { verifyToy } from './webhook.ts';

const CALL_MS = 15_000;
const DAY = 24 * 3_600_000;

class ToyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the toy answered ${status}`);
    this.status = status;
  }
}

export function createToyIntegration({
  url,
  instanceId,
  deletes = 'delete',
}: {
  url: string;
  instanceId: string;
  deletes?: 'delete' | 'archive';
}): Integration {
  async function ask<T>(method: string, path: string, body?: object) {
    const answer = await fetch(url + path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    });
    const said = (await answer.json()) as T;
    const date = answer.headers.get('date');
    const answered = {
      requestId: null,
      status: answer.status,
      answeredAt: date === null ? null : new Date(date),
    };
    return { said, answered };
  }
  /** A tag begins with the installation that wrote it. */
  const ownTag = (tag: string | null): string | null =>
    tag?.startsWith(`${instanceId}:`) === true ? tag.slice(instanceId.length + 1) : null;
  const record = (person: ToyPerson): ExternalRecord => ({
    externalId: person.id,
    fields: fieldsOf(person),
    ownerTag: ownTag(person.tag),
    foreignTag: person.tag !== null && ownTag(person.tag) === null,
    createdAt: new Date(person.made),
    testClock: null,
  });
  const ingress = createIngress(ownTag);

  return {
    system: 'toy',
    document: toyDocument(),
    capabilities: {
      creates: 'key',
      updates: 'key',
      requestLifeMs: DAY,
      inFlightMs: 60_000,
      callTimeoutMs: CALL_MS,
      deletes,
      quota: false,
      rates: { account: 1_000, endpoint: 1_000 },
    },
    identify: async () => ({
      account: (await ask<{ id: string }>('GET', '/account')).said.id,
      livemode: false,
    }),
    async fetch(externalId) {
      const { said, answered } = await ask<ToyPerson>('GET', `/people/${externalId}`);
      if (answered.status === 410) return { ...answered, state: 'erased' };
      if (answered.status === 404) return { ...answered, state: 'missing' };
      return { ...answered, state: 'present', record: record(said), blocksDelete: null };
    },
    body: (fields, ownerTag) => ({
      fields,
      tag: ownerTag === null ? null : `${instanceId}:${ownerTag}`,
    }),
    async write({ operation, key, externalId, body }): Promise<Written> {
      const path = operation === 'create' ? '/people' : `/people/${String(externalId)}`;
      const method = { create: 'POST', update: 'PATCH', delete: 'DELETE' }[operation];
      const { said, answered } = await ask<ToyPerson>(method, path, { ...body, key });
      if (answered.status !== 200) throw new ToyRefusal(answered.status);
      const now = operation === 'delete' ? null : record(said);
      return { ...answered, replayed: false, externalId: externalId ?? said.id, record: now };
    },
    async *list() {
      yield (await ask<ToyPerson[]>('GET', '/people')).said.map(record);
    },
    classify,
    ingress,
    feed: createFeed(() => ask<ToyEvent[]>('GET', '/events'), ingress),
  };
}

function createFeed(
  ask: () => Promise<{ said: ToyEvent[]; answered: Pick<Written, 'requestId' | 'status' | 'answeredAt'> }>,
  { events: read }: Ingress,
): EventFeed {
  return {
    ...{ keptMs: 30 * DAY, tipMs: 0, everyMs: 1_000, overlapMs: 60_000, windowMs: DAY },
    async *pages({ createdFrom, createdTo }) {
      const { said, answered } = await ask();
      const events = read({ events: said }).flatMap((item) => (item.ok ? [item.event] : []));
      const within = ({ created }: InboundEvent): boolean =>
        (!createdFrom || created >= createdFrom) && (!createdTo || created <= createdTo);
      yield { ...answered, events: events.filter(within) };
    },
  };
}

function fieldsOf({ full_name: fullName, mail }: Pick<ToyPerson, 'full_name' | 'mail'>): Fields {
  return { full_name: fullName, mail };
}

function createIngress(ownTag: (tag: string | null) => string | null): Ingress {
  return {
    toleranceS: 60,
    verify: verifyToy,
    events(body) {
      const events = typeof body === 'object' && body !== null && 'events' in body ? body.events : null;
      if (!Array.isArray(events)) return [{ ok: false, why: 'it has no list of events' }];
      return events.map((event: unknown) => readEvent(event, ownTag));
    },
  };
}

function readEvent(event: unknown, ownTag: (tag: string | null) => string | null): IncomingItem {
  if (typeof event !== 'object' || event === null || !('person' in event) || !('id' in event))
    return { ok: false, why: 'it has no id or no person' };
  const { id, kind, at, key, person, before } = event as ToyEvent;
  return {
    ok: true,
    event: {
      ...{ externalEventId: id, kind, type: `person.${kind}`, externalId: person.id, account: null },
      ...{ livemode: false, created: new Date(at), requestId: null, idempotencyKey: key },
      after: kind === 'deleted' ? null : fieldsOf(person),
      ownerTag: ownTag(person.tag),
      foreignTag: person.tag !== null && ownTag(person.tag) === null,
      previous: before && fieldsOf(before),
      ...{ thin: false, snapshotEventId: null, unreadable: [] },
    },
  };
}

function classify(error: unknown): Failure {
  const status = error instanceof ToyRefusal ? error.status : null;
  const common = { status, requestId: null, replayed: false, field: null, retryAfterMs: null };
  const message = error instanceof Error ? error.message : String(error);
  if (status === 404 || status === 410)
    return { ...common, kind: 'gone', scope: 'entity', code: 'gone', message, nothingHappened: false };
  if (status !== null)
    return {
      ...common,
      kind: 'permanent',
      scope: 'entity',
      code: 'refused',
      message,
      nothingHappened: false,
    };
  return {
    ...common,
    kind: 'indeterminate',
    scope: 'system',
    code: 'no_answer',
    message,
    nothingHappened: false,
  };
}
