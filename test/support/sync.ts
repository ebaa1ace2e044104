import { onlyCustomers } from './only-target.ts';
import type { Db } from '../../db/server/connection.ts';
import { beginReading, endReading } from '../../db/account-readings.ts';
import { readInstanceId } from '../../db/connections.ts';
import { named, type Customer } from './customers.ts';
import { deleteRow, insertRow, updateRow, type RowFields } from '../../db/entities/rows.ts';
import type { EntityTable } from '../../db/entities/entity-table.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findNotReceived } from '../../db/inbound.ts';
import { claimMappings } from '../../db/mappings/claims.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import type { MappingDocument } from '../../lib/catalogue/document.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { createStripeIntegration, type StripeSettings } from '../../lib/integrations/stripe/stripe.ts';
import { receiveInbound, takeIn } from '../../lib/intake/inbound.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import type { Claim, SyncDeps, SyncPolicy } from '../../lib/sync/step.ts';
import { newEventId } from '../../lib/uuid.ts';
import { DEFAULT_ACCOUNT } from '../../simulator/http/keys.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';
import { createLane, type Lane } from '../../workers/lane.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { useDatabase } from './database.ts';
import { expectInvariants, type LoggedLine } from './invariants.ts';
import { readAll } from './stored-events.ts';
import { mappingOf } from './sync-rows.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';
import { onlyEvent } from './only-event.ts';
import { onTheWire, type SystemOfWorld } from './system-of-world.ts';

export const fakeKey = 'sk_test_twinbox_fake';

type Person = { name: string; email: string };

/** The engine without bus and loops: real Postgres, the real `stripe` package, the simulator over HTTP, one movable clock. */
export interface SyncWorld {
  readonly db: Db;
  readonly clock: TestClock;
  readonly simulator: Simulator;
  readonly integration: Integration;
  readonly deps: SyncDeps;
  readonly lane: Lane;
  readonly log: LoggedLine[];
  /** Both clocks move together. */
  advance(ms: number): void;
  /** Another worker on the same database; its policy may differ. */
  worker(changes?: { policy?: Partial<SyncPolicy>; integration?: Integration; leaseMs?: number }): Lane;
  /** The integration with another key, address or time limit. */
  integrate(changes: Partial<StripeSettings>): Integration;
  create(values?: Partial<Person> | RowFields, context?: Record<string, unknown>): Promise<Customer>;
  update(id: number, values: Partial<Person> | RowFields): Promise<Customer>;
  remove(id: number): Promise<Customer>;
  /** Brings every committed event to its deliveries, as relay, bus and receive do. */
  receive(): Promise<number>;
  /** Brings all their events since the last call to their deliveries. */
  bringTheirs(): Promise<void>;
  /** Receives and reconciles until nothing that is due is left. */
  run(lane?: Lane): Promise<void>;
  /** Takes the lease of due mappings, for a test that calls reconcile itself. */
  claim(leaseMs?: number): Promise<Claim[]>;
  /** Makes the next step check a customer, as an operator or a comparison does. */
  notify(customerId: number, options?: { mustRead?: boolean }): Promise<void>;
  /** The calls that reached the simulator over HTTP: `POST /v1/customers`, oldest first. */
  calls(): string[];
}

/** `entity` and `document` are those of a configuration (catalogues.ts); the built-in ones by default. */
export interface SyncOptions {
  simulator?: SimulatorOptions;
  policy?: Partial<SyncPolicy>;
  document?: MappingDocument;
  entity?: Entity;
  system?: SystemOfWorld;
}

export function useSync(options: SyncOptions = {}): SyncWorld {
  const { entity } = options;
  const database = useDatabase(entity ? { catalogue: { entities: [entity], mappings: [] } } : {});
  let world: SyncWorld | undefined;
  const ready = (): SyncWorld => {
    if (!world) throw new Error('useSync: only inside hooks and tests');
    return world;
  };
  beforeEach('start simulator and engine', async () => {
    await emptyTables(database.db, entity);
    world = await createWorld(database.db, options);
  });
  afterEach('stop the simulator', async function () {
    world?.simulator.faults.release();
    await world?.lane.drain();
    await world?.simulator.close();
    if (world && this.currentTest?.state !== 'failed') await expectInvariants(world);
  });
  return new Proxy({} as SyncWorld, { get: (_, name): unknown => Reflect.get(ready(), name) });
}

/** `beside` another world it shares that one's Stripe and its time. */
export async function createWorld(
  db: Db,
  options: SyncOptions & { beside?: Pick<SyncWorld, 'clock' | 'simulator'> },
): Promise<SyncWorld> {
  const { system, entity = customerEntity } = options;
  const { clock, simulator } =
    options.beside ?? (system ? await openSystem(system) : await startStripe(options.simulator));
  await markRead(db, system?.account ?? DEFAULT_ACCOUNT, system);
  const { url } = simulator;
  const instanceId = await readInstanceId(db);
  const integrate = (changes: Partial<StripeSettings>): Integration =>
    createStripeIntegration({
      secretKey: fakeKey,
      apiBase: url,
      tagKey: `twinbox_${instanceId}`,
      document: options.document,
      ...changes,
    });
  const integration = system ? system.integrate(url, instanceId) : integrate({});
  const log: LoggedLine[] = [];
  const note = (event: string, fields: Record<string, unknown>): void => void log.push({ event, ...fields });
  const deps: SyncDeps = {
    entity,
    db,
    clock,
    integration,
    policy: {
      environment: 'test',
      instanceId,
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
      ...options.policy,
    },
    log: { info: note, warn: note, debug: note },
    nudge: () => undefined,
  };
  const target = { system: integration.system, externalType: integration.document.externalType };
  const stamp = (context: Record<string, unknown> = {}) => ({
    eventId: newEventId(clock.now()),
    source: 'internal',
    context,
    now: clock.now(),
  });
  const must = <T>(value: T | null): T => {
    if (value === null) throw new Error('the write hit no row');
    return value;
  };
  const makeLane = (from: SyncDeps, leaseMs = 60_000) =>
    createLane(from, { owner: 'test', concurrency: 8, leaseMs }, () => undefined);
  let serial = 0;
  let seen = 0;
  const receiving = { db, clock, wake: () => undefined };
  const everything = { system: target.system, after: 0, upTo: 2 ** 52, limit: 10_000 };
  const world: SyncWorld = {
    db,
    clock,
    simulator,
    integration,
    deps,
    lane: makeLane(deps),
    log,
    advance: (ms) => clock.advance(ms),
    worker: ({ policy, integration: other, leaseMs } = {}) =>
      makeLane(
        { ...deps, integration: other ?? integration, policy: { ...deps.policy, ...policy } },
        leaseMs,
      ),
    integrate,
    create: async (values = {}, context = {}) => {
      serial += 1;
      const given = { name: `Customer ${serial}`, email: `c${serial}@example.com`, ...values };
      return named(await insertRow(db, entity, given, stamp(context)));
    },
    update: async (id, values) => named(must(await updateRow(db, entity, id, { ...values }, {}, stamp()))),
    remove: async (id) => named(must(await deleteRow(db, entity, id, {}, stamp()))),
    receive: async () => {
      return receiveOutbound(receiving, onlyCustomers(target), await findUndelivered(db, everything));
    },
    bringTheirs: async () => {
      const reported = simulator.events().slice(seen);
      seen += reported.length;
      const inbox = { db, clock, integration, retentionDays: 35, nudge: () => undefined };
      for (const event of reported) {
        const incoming = onlyEvent(integration.ingress, onTheWire(simulator, event));
        if (incoming) await takeIn(inbox, incoming);
      }
      const notReceived = await findNotReceived(db, everything);
      await receiveInbound(receiving, onlyCustomers(target), readAll(notReceived, keyPrefix(deps)));
    },
    run: async (lane = world.lane) => {
      for (;;) {
        const received = await world.receive();
        const started = await lane.runOnce();
        await lane.drain();
        if (received + started === 0) return;
      }
    },
    claim: async (leaseMs = 60_000) => {
      const { account } = await integration.identify();
      const deadline = performance.now() + leaseMs;
      const { system } = integration;
      const taken = { system, account, owner: 'test', now: clock.now(), leaseMs, limit: 10 };
      return (await claimMappings(db, taken)).map((claim) => ({ ...claim, deadline }));
    },
    notify: async (customerId, { mustRead = true } = {}) => {
      const { id } = await mappingOf(db, customerId);
      await raiseMappings(db, { ids: [id], now: clock.now(), mustRead });
    },
    calls: () =>
      simulator.ledger
        .entries({ source: 'api' })
        .filter(({ path }) => path !== '/v1/account')
        .map(({ method, path }) => `${method} ${path.replace(/cus_\w+/, 'cus')}`),
  };
  return world;
}

async function openSystem(system: SystemOfWorld): Promise<Pick<SyncWorld, 'clock' | 'simulator'>> {
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'));
  return { clock, simulator: await system.open(clock) };
}

async function startStripe(options: SimulatorOptions = {}): Promise<Pick<SyncWorld, 'clock' | 'simulator'>> {
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'));
  const simulator = createSimulator({
    rateLimits: { globalPerSecond: null, endpointPerSecond: null },
    ...options,
    now: () => clock.now().getTime(),
  });
  await simulator.listen();
  return { clock, simulator };
}

/**
 * One database serves a whole file; each test begins with no rows. Deleting a few rows is faster
 * than truncating many tables; no trigger may refuse it.
 */
export async function emptyTables(
  db: Db,
  { table }: Pick<EntityTable, 'table'> = customerEntity,
): Promise<void> {
  const deletes = [table, ...FILLED_TABLES].map((table) => `delete from ${table}`).join('; ');
  await db.transaction((tx) =>
    tx.raw(`set local session_replication_role = replica; ${deletes}; ${NO_ENTRY}`),
  );
}

/** Sets the account as read completely, with no record in it. */
export async function markRead(
  db: Db,
  account: string,
  { name, externalType } = { name: 'stripe', externalType: 'customer' },
): Promise<void> {
  const place = { system: name, account, externalType };
  const now = new Date();
  await beginReading(db, { ...place, imports: false, now });
  await endReading(db, place, now);
}

const NO_ENTRY = `update audit_head set id = 0, hash = repeat('0', 64), entries = 0`;

const FILLED_TABLES = [
  ...['replay_items', 'replay_jobs', 'replay_plans', 'closed_pairs', 'comparisons', 'health_samples'],
  'external_mappings',
  'sync_events',
  'sync_deliveries',
  'sync_intents',
  'sync_attempts',
  'idempotent_writes',
  'sync_conflicts',
  'connections',
  'existing_rows',
  'taken_over_rows',
  'inbound_event_ids',
  'refused_records',
  'relay_cursor',
  'restores',
  'inbound_refusals',
  'walk_positions',
  'sweeps',
  'rate_buckets',
  'breakers',
  'account_rests',
  'system_credentials',
  'stoppages',
  'external_records',
  'account_readings',
  'webhook_signs',
  'skipped_items',
  'operator_action_pairs',
  'operator_actions',
  ...['audit_checkpoints', 'lane_pauses', 'link_plans', 'row_pauses', 'system_questions'],
];
