// The shop behind the contract: one integration for each kind of records, with the same account and the
// same events.
import { parseDocument, type FieldRule } from '../../../lib/catalogue/document.ts';
import type { Entities } from '../../../lib/catalogue/entity.ts';
import type {
  ExternalRecord,
  Failure,
  IncomingItem,
  Integration,
  Written,
} from '../../../lib/integrations/integration.ts';
import type { ShopEvent, ShopKind, ShopRecord } from './server.ts';

const KINDS: Record<string, ShopKind> = { customer: 'people', order: 'orders' };
const ENTITIES: Record<ShopKind, string> = { people: 'customer', orders: 'order' };

const DAY = 86_400_000;

class ShopRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the shop answered ${status}`);
    this.status = status;
  }
}

const rule = (internal: string, onNull: 'keep' | 'clear'): Omit<FieldRule, 'field'> => ({
  ...{ internal, external: internal, direction: 'both', conflict: 'internal_wins', onNull },
  ...{ toExternal: [], toInternal: [], compare: [], fallback: [], maxLength: null, owner: null },
});

export interface ShopPlace {
  url: string;
  instanceId: string;
  system?: string;
  /** Of a strict shop: which request of an order is the next one (orders.ts). */
  next?: Integration['next'];
}

/** Every field of the entity under its own name. */
export function createShopIntegration(
  { url, instanceId, system = 'shop', next }: ShopPlace,
  entities: Entities,
  entityName: string,
): Integration {
  const kind = KINDS[entityName] ?? 'people';
  const fields = entities[entityName]?.fields ?? [];
  const own = `${instanceId}:`;

  async function ask<T>(method: string, path: string, body?: object) {
    // Without reuse: a connection that was cut by a fault would fail the next request before it is sent.
    const headers = { connection: 'close' };
    const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (answer.status === 429 || answer.status >= 500) throw new ShopRefusal(answer.status);
    const said = (await answer.json()) as T;
    const answeredAt = new Date(answer.headers.get('date') ?? 0);
    return { said, answered: { requestId: null, status: answer.status, answeredAt } };
  }
  const ownTag = (tag: string | null): string | null =>
    tag?.startsWith(own) === true ? tag.slice(own.length) : null;
  const record = ({ id, fields: values, tag, made }: ShopRecord): ExternalRecord => ({
    ...{ externalId: id, fields: values, ownerTag: ownTag(tag), createdAt: new Date(made), testClock: null },
    foreignTag: tag !== null && ownTag(tag) === null,
  });
  const readEvent = ({
    id,
    type,
    at,
    key,
    record: about,
    before,
  }: ShopEvent): Extract<IncomingItem, { ok: true }> => ({
    ok: true,
    event: {
      ...{ externalEventId: id, kind: type, type, entity: ENTITIES[about.kind], externalId: about.id },
      ...{ account: null, livemode: false, created: new Date(at), requestId: null, idempotencyKey: key },
      after: type === 'deleted' ? null : about.fields,
      ...{ ownerTag: ownTag(about.tag), foreignTag: about.tag !== null && ownTag(about.tag) === null },
      ...{ previous: before, thin: false, snapshotEventId: null, unreadable: [] },
    },
  });

  return {
    system,
    document: parseDocument(
      {
        ...{ id: `${system}.${entityName}@1`, system, entity: entityName, externalType: kind },
        fields: fields.map(({ name, required }) => rule(name, required ? 'keep' : 'clear')),
      },
      { entities },
    ),
    capabilities: {
      ...{ creates: 'key', updates: 'key', deletes: 'delete', quota: false },
      ...{ backgroundShare: 1, merges: false },
      ...{ requestLifeMs: 86_400_000, inFlightMs: 60_000, callTimeoutMs: 15_000 },
      rates: { account: 1_000, endpoint: 1_000 },
    },
    identify: async () => ({
      account: (await ask<{ id: string }>('GET', '/account')).said.id,
      livemode: false,
    }),
    async fetch(externalId) {
      const { said, answered } = await ask<ShopRecord>('GET', `/${kind}/${externalId}`);
      if (answered.status === 410) return { ...answered, state: 'erased' };
      if (answered.status === 404) return { ...answered, state: 'missing' };
      return { ...answered, state: 'present', record: record(said), blocksDelete: null };
    },
    ...(next && kind === 'orders' && { next }),
    body: (values, ownerTag, _version, _beside, as) => ({
      ...{ fields: values, tag: ownerTag === null ? null : own + ownerTag },
      ...(as !== undefined && { as }),
    }),
    async write({ operation, key, externalId, body }): Promise<Written> {
      const { as } = body;
      const path = operation === 'create' ? `/${kind}` : `/${kind}/${String(externalId)}`;
      const method = { create: 'POST', update: 'PATCH', delete: 'DELETE' }[operation];
      if (typeof as === 'string')
        return said(await ask<ShopRecord>('POST', `${path}/${as}`, { ...body, key }));
      return said(await ask<ShopRecord>(method, path, { ...body, key }));

      function said({ said: now, answered }: Awaited<ReturnType<typeof ask<ShopRecord>>>): Written {
        if (answered.status !== 200) throw new ShopRefusal(answered.status);
        const after = operation === 'delete' ? null : record(now);
        return { ...answered, replayed: false, externalId: externalId ?? now.id, record: after };
      }
    },
    async *list() {
      yield (await ask<ShopRecord[]>('GET', `/${kind}`)).said.map(record);
    },
    classify,
    ingress: {
      toleranceS: 60,
      verify: ({ now }) => ({ ok: true, signedAt: now }),
      events: (body) => (body as { events: ShopEvent[] }).events.map(readEvent),
    },
    feed: {
      by: 'time',
      ...{ keptMs: 30 * DAY, tipMs: 0, everyMs: 10_000, overlapMs: 60_000, windowMs: DAY },
      async *pages({ createdFrom, createdTo }) {
        const { said, answered } = await ask<ShopEvent[]>('GET', '/events');
        const within = said
          .filter(({ at }) => !createdFrom || at >= createdFrom.toISOString())
          .filter(({ at }) => !createdTo || at <= createdTo.toISOString());
        yield { ...answered, events: within.toReversed().map((event) => readEvent(event).event) };
      },
    },
  };
}

function classify(error: unknown): Failure {
  const status = error instanceof ShopRefusal ? error.status : null;
  const isGone = status === 404 || status === 410;
  const isTooMuch = status === 429;
  // What the record is by now forbids the request: it is read again.
  const isForbidden = status === 409;
  const kind = isGone ? 'gone' : isForbidden ? 'conflict' : isTooMuch ? 'throttle' : 'indeterminate';
  return {
    ...{
      kind,
      scope: status === null || status >= 500 ? 'system' : 'entity',
      code: `shop_${status ?? 'cut'}`,
    },
    ...{ message: String(error), status, requestId: null, replayed: false, field: null },
    ...{ retryAfterMs: null, nothingHappened: isGone || isTooMuch || isForbidden, existing: [] },
  };
}
