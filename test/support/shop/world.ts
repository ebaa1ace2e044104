// The engine with two entities, and one or two shops that keep the rows of both: real Postgres, HTTP, one
// movable clock.
import { beginReading, endReading } from '../../../db/account-readings.ts';
import { ensureConnections, readInstanceId } from '../../../db/connections.ts';
import { findUndelivered } from '../../../db/deliveries.ts';
import { deleteRow, insertRow, readRow, updateRow, type MappedRow } from '../../../db/entities/rows.ts';
import { findNotReceived } from '../../../db/inbound.ts';
import type { Db } from '../../../db/server/connection.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { customer, plainField } from '../../../lib/catalogue/built-in.ts';
import type { Fields } from '../../../lib/catalogue/document.ts';
import type { Entities, Entity } from '../../../lib/catalogue/entity.ts';
import { AppError } from '../../../lib/errors.ts';
import { receiveInbound, takeInAll } from '../../../lib/intake/inbound.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { keyPrefix } from '../../../lib/sync/intent-key.ts';
import { targetOf, targetsOf } from '../../../lib/sync/kinds.ts';
import type { SyncDeps } from '../../../lib/sync/step.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { createLane, type Lane } from '../../../workers/lane.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { readAll } from '../stored-events.ts';
import { createMail, type Mail } from './mail.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { createShopIntegration, type ShopPlace } from './integration.ts';
import { nextOfOrder } from './orders.ts';
import { startShop, type Shop, type ShopOptions } from './server.ts';

export const order: Entity = {
  ...{ name: 'order', plural: 'orders', table: 'orders', identity: 'number' },
  fields: [
    { ...plainField('number', 'text'), required: true },
    { ...plainField('customer', 'reference'), references: 'customer', column: 'customer_id' },
    { ...plainField('amount', 'money'), currency: 'currency' },
    plainField('currency', 'text'),
    plainField('ordered_on', 'date'),
    { ...plainField('state', 'enum'), values: ['draft', 'open', 'paid', 'void'] },
    plainField('lines', 'json'),
  ],
};

export const ENTITIES: Entities = { customer, order };

export interface ShopSide {
  system: string;
  shop: Shop;
  deps: SyncDeps;
  lane: Lane;
  mail: Mail;
  /** Another worker takes the place of this side's worker. */
  restart(): void;
}

export interface ShopWorld {
  db: Db;
  clock: TestClock;
  sides: ShopSide[];
  create(entity: Entity, values: Fields): Promise<MappedRow>;
  update(entity: Entity, id: number, values: Fields): Promise<MappedRow | null>;
  remove(entity: Entity, id: number): Promise<MappedRow | null>;
  read(entity: Entity, id: number): Promise<MappedRow | null>;
  /** What has come in, and our changes, become due at this side. */
  receive(side: ShopSide): Promise<number>;
  /** The events that no webhook has brought are read from the shop's list. */
  sweep(side: ShopSide): Promise<void>;
  /** Until no side has anything due. */
  rest(only?: readonly ShopSide[]): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions extends Pick<ShopOptions, 'onWrite'> {
  /** The system whose orders go step by step. */
  strict?: string;
  /** In the place of its own. */
  next?: Integration['next'];
}

/** In a migrated database; the second entity is attached here. */
export async function createShopWorld(
  db: Db,
  systems: readonly string[],
  options: WorldOptions = {},
): Promise<ShopWorld> {
  await migrate(db, { catalogue: { entities: Object.values(ENTITIES), mappings: [] } });
  await ensureConnections(db, [...systems]);
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'));
  const sides = await Promise.all(systems.map((system) => openSide(db, clock, system, options)));
  // Binds the accounts: before that no event is stored.
  for (const { lane } of sides) await lane.runOnce();
  const stamp = () => ({
    ...{ eventId: newEventId(clock.now()), source: 'internal', context: {}, now: clock.now() },
  });

  async function receive({ system, mail, deps }: ShopSide): Promise<number> {
    const receiving = { db, clock, wake: () => undefined };
    const everything = { system, after: 0, upTo: 2 ** 52, limit: 10_000 };
    const fresh = mail.take();
    const { integration, kinds = [] } = deps;
    const items = integration.ingress?.events({ events: fresh }) ?? [];
    if (items.length > 0)
      await takeInAll({ db, clock, integration, kinds, retentionDays: 30, nudge: () => undefined }, items);
    const targets = targetsOf(deps);
    const stored = readAll(await findNotReceived(db, everything), keyPrefix(deps));
    const inbound = await receiveInbound(receiving, targets, stored);
    return inbound + (await receiveOutbound(receiving, targets, await findUndelivered(db, everything)));
  }

  return {
    ...{ db, clock, sides, receive },
    async sweep({ deps }) {
      const options = { retentionDays: 30, signal: new AbortController().signal };
      while ((await sweep(deps, options)).more) continue;
    },
    create: (entity, values) => insertRow(db, entity, values, stamp()),
    update: (entity, id, values) => updateRow(db, entity, id, values, {}, stamp()),
    remove: (entity, id) => deleteRow(db, entity, id, {}, stamp()),
    read: (entity, id) => readRow(db, entity, id),
    async rest(only = sides) {
      for (;;) {
        let done = 0;
        for (const side of only) {
          done += await receive(side);
          done += await runOnce(side);
          await side.lane.drain();
        }
        if (done === 0) return;
      }
    },
    async close() {
      for (const { lane, shop } of sides) {
        await lane.drain();
        await shop.close();
      }
    },
  };
}

/** A worker's loop tries again later if the system does not say whose key this is. */
export async function runOnce({ lane }: ShopSide): Promise<number> {
  return lane.runOnce().catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'system_unreachable') return 0;
    throw error;
  });
}

async function openSide(
  db: Db,
  clock: TestClock,
  system: string,
  { strict, next = nextOfOrder, onWrite }: WorldOptions,
): Promise<ShopSide> {
  const shop = await startShop(() => clock.now(), { strict: strict === system, ...(onWrite && { onWrite }) });
  const deps = await shopDeps(db, clock, { url: shop.url, system, ...(strict === system && { next }) });
  for (const each of [deps.integration, ...(deps.kinds ?? []).map((kind) => kind.integration)]) {
    const { externalType } = targetOf(each);
    const place = { system, account: 'shop_1', externalType };
    await beginReading(db, { ...place, imports: true, now: clock.now() });
    await endReading(db, place, clock.now());
  }
  const start = (): Lane =>
    createLane(deps, { owner: `test ${system}`, concurrency: 8, leaseMs: 60_000 }, () => undefined);
  const restart = (): void => void (side.lane = start());
  const side: ShopSide = { system, shop, deps, lane: start(), mail: createMail(shop), restart };
  return side;
}

/** The engine of both entities at a shop that is there. */
export async function shopDeps(db: Db, clock: Clock, shop: Omit<ShopPlace, 'instanceId'>): Promise<SyncDeps> {
  const instanceId = await readInstanceId(db);
  const at = { ...shop, instanceId };
  const integration = createShopIntegration(at, ENTITIES, 'customer');
  const orders = createShopIntegration(at, ENTITIES, 'order');
  const quiet = (): void => undefined;
  return {
    ...{ db, clock, entity: customer, integration, kinds: [{ entity: order, integration: orders }] },
    ...{ nudge: quiet, log: { info: quiet, warn: quiet, debug: quiet } },
    policy: {
      ...{
        environment: 'test',
        instanceId,
        writes: true,
        pulls: true,
        deletes: 'delete',
        deletesIn: 'delete',
      },
      ...{ linkByEmail: 'ask', looksBeforeCreate: false, imports: true, parkAfterMs: 24 * 3_600_000 },
      ...{ backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 }, rates: null },
    },
  };
}
