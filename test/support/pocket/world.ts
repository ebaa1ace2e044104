import { onlyCustomers } from '../only-target.ts';
import { beginReading, endReading } from '../../../db/account-readings.ts';
import { readInstanceId } from '../../../db/connections.ts';
import { deleteCustomer, insertCustomer, updateCustomer, type Customer } from '../customers.ts';
import { findUndelivered } from '../../../db/deliveries.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import type { Db } from '../../../db/server/connection.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import type { SyncDeps, SyncPolicy } from '../../../lib/sync/step.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { createLane, type Lane } from '../../../workers/lane.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { useDatabase } from '../database.ts';
import type { LoggedLine } from '../invariants.ts';
import { emptyTables } from '../sync.ts';
import { mappingOf } from '../sync-rows.ts';
import { createPocketIntegration, type PocketSettings } from './integration.ts';
import { openPocket, TOKEN, type Pocket, type PocketOptions } from './server.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';

export const POCKET = { system: 'pocket', account: 'pocket_1' };

/** The real engine and a second system over HTTP: no idempotency keys, no events. */
export interface PocketWorld {
  readonly db: Db;
  readonly clock: TestClock;
  readonly pocket: Pocket;
  readonly deps: SyncDeps;
  readonly lane: Lane;
  readonly log: LoggedLine[];
  /** Another worker on the same database. */
  worker(): Lane;
  create(values?: { name?: string; email?: string }): Promise<Customer>;
  update(id: number, values: { name?: string; email?: string }): Promise<Customer>;
  remove(id: number): Promise<void>;
  /** Makes the next step read a customer's record, as a comparison does. */
  notify(customerId: number): Promise<void>;
  /** Receives and reconciles until nothing that is due is left. */
  run(lane?: Lane): Promise<void>;
  /** A row with its record, and nothing left to do; the calls so far are forgotten. */
  linked(values?: { name?: string; email?: string }): Promise<{ id: number; externalId: string }>;
}

type Options = PocketOptions & { promises: PocketSettings['promises']; policy?: Partial<SyncPolicy> };

export function usePocket(options: Options): PocketWorld {
  const database = useDatabase();
  let world: PocketWorld | undefined;
  beforeEach('start the second system and the engine', async () => {
    await emptyTables(database.db);
    world = await createPocketWorld(database.db, options);
  });
  afterEach('stop the second system', async () => {
    await world?.lane.drain();
    await world?.pocket.close();
  });
  return new Proxy({} as PocketWorld, {
    get: (_, name): unknown => {
      if (!world) throw new Error('usePocket: only inside hooks and tests');
      return Reflect.get(world, name);
    },
  });
}

async function createPocketWorld(db: Db, { promises, policy, ...options }: Options): Promise<PocketWorld> {
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'));
  const pocket = await openPocket({ ...options, now: () => clock.now().getTime() });
  const integration = createPocketIntegration({ url: pocket.url, token: TOKEN, promises });
  const log: LoggedLine[] = [];
  const note = (event: string, fields: Record<string, unknown>): void => void log.push({ event, ...fields });
  const deps: SyncDeps = {
    entity: customerEntity,
    ...{ db, clock, integration, nudge: () => undefined },
    log: { info: note, warn: note, debug: note },
    policy: { ...defaults, instanceId: await readInstanceId(db), ...policy },
  };
  const place = { ...POCKET, externalType: integration.document.externalType };
  await beginReading(db, { ...place, imports: false, now: clock.now() });
  await endReading(db, place, clock.now());
  const stamp = () => ({
    ...{ eventId: newEventId(clock.now()), source: 'internal', context: {}, now: clock.now() },
  });
  const makeLane = (): Lane =>
    createLane(deps, { owner: 'test', concurrency: 8, leaseMs: 60_000 }, () => undefined);
  const everything = { system: POCKET.system, after: 0, upTo: 2 ** 52, limit: 10_000 };
  const receive = async (): Promise<number> =>
    receiveOutbound(
      { db, clock, wake: () => undefined },
      onlyCustomers(place),
      await findUndelivered(db, everything),
    );
  let serial = 0;
  const world: PocketWorld = {
    ...{ db, clock, pocket, deps, log, lane: makeLane(), worker: makeLane },
    create({ name, email } = {}) {
      serial += 1;
      const values = { name: name ?? `Customer ${serial}`, email: email ?? `c${serial}@example.com` };
      return insertCustomer(db, values, stamp());
    },
    update: async (id, values) => must(await updateCustomer(db, id, values, {}, stamp())),
    remove: async (id) => void must(await deleteCustomer(db, id, {}, stamp())),
    async notify(customerId) {
      const { id } = await mappingOf(db, customerId);
      await raiseMappings(db, { ids: [id], now: clock.now(), mustRead: true });
    },
    async run(lane = world.lane) {
      for (;;) {
        const received = await receive();
        const started = await lane.runOnce();
        await lane.drain();
        if (received + started === 0) return;
      }
    },
    async linked(values) {
      const { id } = await world.create(values);
      await world.run();
      const { externalId } = await mappingOf(db, id);
      pocket.calls.length = 0;
      return { id, externalId: must(externalId) };
    },
  };
  return world;
}

function must<T>(value: T | null): T {
  if (value === null) throw new Error('there is no such row');
  return value;
}

const defaults: Omit<SyncPolicy, 'instanceId'> = {
  environment: 'test',
  writes: true,
  pulls: true,
  deletes: 'delete',
  deletesIn: 'delete',
  linkByEmail: 'ask',
  looksBeforeCreate: false,
  imports: true,
  parkAfterMs: 24 * 3_600_000,
  backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 },
  rates: null,
};
