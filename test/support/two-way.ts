import { onlyCustomers } from './only-target.ts';
import type { Db } from '../../db/server/connection.ts';
import { findNotReceived } from '../../db/inbound.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import type { FieldRule } from '../../lib/catalogue/document.ts';
import { receiveInbound, takeIn, type Taken } from '../../lib/intake/inbound.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';
import { thinEvent } from '../../simulator/webhooks/thin-events.ts';
import type { Lane } from '../../workers/lane.ts';
import { readAll } from './stored-events.ts';
import { onlyEvent } from './only-event.ts';
import { useSync, type SyncWorld } from './sync.ts';
import { onTheWire } from './system-of-world.ts';

export interface Inbound {
  /** Their events that no webhook has brought yet, oldest first. */
  undelivered(): StoredEvent[];
  /**
   * Brings events in as their webhooks do, in the given order and as often as named; all
   * undelivered ones if none is named.
   */
  deliver(events?: StoredEvent[], options?: { thin?: boolean }): Promise<Taken[]>;
  /** No webhook will ever bring this event. */
  lose(event: StoredEvent): void;
  /**
   * Brings stored events to their deliveries, as relay, bus and receive do; `choose` may reorder
   * them, or leave some for later.
   */
  receiveInbound(choose?: <T>(events: T[]) => T[]): Promise<number>;
  /** Delivers, receives and reconciles until nothing is left, over every back-off. */
  rest(lane?: Lane): Promise<void>;
}

export type TwoWayWorld = SyncWorld & Inbound;

/** `useSync` with the other side's events: tests deliver them in any order, twice, late, thin or never. */
export function useTwoWay(options: Parameters<typeof useSync>[0] = {}): TwoWayWorld {
  const world = useSync(options);
  let inbound: Inbound | undefined;
  beforeEach('bind the account', async () => {
    await world.lane.runOnce();
    inbound = createInbound(world);
  });
  return new Proxy({} as TwoWayWorld, {
    get: (_, name): unknown => Reflect.get(inbound && name in inbound ? inbound : world, name),
  });
}

export function createInbound(world: SyncWorld): Inbound {
  const delivered = new Set<string>();
  const { system, document, ingress } = world.integration;
  const target = { system, externalType: document.externalType };
  const inbound: Inbound = {
    undelivered: () => world.simulator.events().filter(({ id }) => !delivered.has(id)),
    async deliver(events = inbound.undelivered(), { thin = false } = {}) {
      const taken: Taken[] = [];
      for (const event of events) {
        const isThin = thin && system === 'stripe';
        const sent = isThin ? thinEvent(event) : onTheWire(world.simulator, event);
        const incoming = onlyEvent(ingress, structuredClone(sent));
        if (!incoming) throw new Error(`no event: ${event.id}`);
        const { db, clock, integration } = world;
        taken.push(
          await takeIn({ db, clock, integration, retentionDays: 30, nudge: () => undefined }, incoming),
        );
        if (!thin) delivered.add(event.id);
      }
      return taken;
    },
    lose: ({ id }) => void delivered.add(id),
    async receiveInbound(choose = (all) => all) {
      const { db, clock, deps } = world;
      const notReceived = choose(
        await findNotReceived(db, { system, after: 0, upTo: 2 ** 52, limit: 10_000 }),
      );
      const events = readAll(notReceived, keyPrefix(deps));
      return receiveInbound({ db, clock, wake: () => undefined }, onlyCustomers(target), events);
    },
    async rest(lane = world.lane) {
      for (let round = 0; round < 300; round++) {
        await inbound.deliver();
        await inbound.receiveInbound();
        await world.run(lane);
        if (inbound.undelivered().length > 0) continue;
        const due = await nextDue(world.db);
        if (due === null) return;
        world.advance(Math.max(1, due.getTime() - world.clock.now().getTime()));
      }
      throw new Error('it did not come to rest in 300 rounds');
    },
  };
  return inbound;
}

/** When the next dirty mapping may be claimed; null if none is dirty. */
async function nextDue(db: Db): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { due: Date }[] }>(
    `select greatest(next_attempt_at, 'epoch') as due from external_mappings where dirty <> clean order by 1 limit 1`,
  );
  return rows[0]?.due ?? null;
}

/** The integration with other rules for its fields. */
export function withRules(integration: Integration, changes: Partial<FieldRule>): Integration {
  const fields = integration.document.fields.map((rule) => ({ ...rule, ...changes }));
  return { ...integration, document: { ...integration.document, fields } };
}

/** A row with its record, and no work left; the events of its creation are delivered. */
export async function linkedPair(
  world: TwoWayWorld,
  values: { name?: string; email?: string } = {},
): Promise<{ id: number; externalId: string }> {
  const { id } = await world.create(values);
  await world.rest();
  const { rows } = await world.db.raw<{ rows: { externalId: string }[] }>(
    `select external_id as "externalId" from external_mappings where internal_id = :id and role = 'primary'`,
    { id },
  );
  return { id, externalId: rows[0]?.externalId ?? '' };
}

/** A row whose create Stripe refuses, so that it stays without a record. */
export async function unlinkedRow(world: SyncWorld, email: string): Promise<number> {
  const { id } = await world.create({ name: 'Ours', email });
  const refusal = {
    kind: 'error_before_effect',
    method: 'POST',
    path: '/v1/customers',
    status: 400,
  } as const;
  world.simulator.faults.add(refusal);
  await world.run();
  return id;
}

/** The outcomes of their events about one record, in the order in which they were stored. */
export async function fateOf(db: Db, externalId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { kind: string; status: string }[] }>(
    `select inbound ->> 'kind' as kind, status from sync_deliveries
     where inbound ->> 'externalId' = :externalId order by sync_event_id`,
    { externalId },
  );
  return rows.map(({ kind, status }) => `${kind} ${status}`);
}

export type MappingSeen = {
  externalId: string | null;
  internalId: number | null;
  role: string;
  state: string;
  reason: string | null;
};

/** All mappings, oldest first. */
export async function mappingsIn(db: Db): Promise<MappingSeen[]> {
  const { rows } = await db.raw<{ rows: MappingSeen[] }>(
    `select external_id as "externalId", internal_id as "internalId", role, state, reason from external_mappings order by id`,
  );
  return rows;
}
