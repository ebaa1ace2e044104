import { onlyCustomers } from './only-target.ts';
import { beginReading, endReading } from '../../db/account-readings.ts';
import { ensureConnections } from '../../db/connections.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findNotReceived } from '../../db/inbound.ts';
import type { Db } from '../../db/server/connection.ts';
import { createStripeIntake } from '../../lib/integrations/stripe/intake.ts';
import { receiveInbound, takeIn } from '../../lib/intake/inbound.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import type { Condition } from '../../lib/catalogue/condition.ts';
import type { SyncDeps, SyncPolicy } from '../../lib/sync/step.ts';
import { createLane, type Lane } from '../../workers/lane.ts';
import { useDatabase } from './database.ts';
import { shownMapping, type ShownMapping } from '../../db/mappings/shown.ts';
import { toMapping } from '../../db/mappings/mappings.ts';
import { readAll } from './stored-events.ts';
import { createWorld, emptyTables, type SyncWorld } from './sync.ts';
import type { ToyEvent } from './toy/double/people.ts';
import { startToy, TOKEN, type ToyServer } from './toy/double/server.ts';
import { capabilities } from './toy/system/capabilities.ts';
import { createToyIntegration } from './toy/system/toy.ts';
import { onlyEvent } from './only-event.ts';

export const TOY = { system: 'toy', account: 'toy_account', externalType: 'person' };

/** Stripe and the toy on one database, each with a lane of its own. */
export interface Beside {
  readonly db: Db;
  readonly stripe: SyncWorld;
  readonly toy: ToyServer;
  /** What the engine is given for the toy. */
  readonly deps: SyncDeps;
  /** Other settings for the toy from now on. */
  change(policy: Partial<SyncPolicy>): void;
  /** Brings every committed event to the toy's deliveries. */
  receive(): Promise<number>;
  /** Brings all events of the toy since the last call to their deliveries. */
  bringToys(): Promise<void>;
  /** One event of the toy comes in by itself. */
  bringAgain(event: ToyEvent): Promise<void>;
  /** Both lanes work until nothing that is due is left. */
  run(): Promise<void>;
  /** A row with a record at both, and nothing left to do. */
  linked(name: string): Promise<{ id: number; toyId: string; stripeId: string }>;
  /** The mappings of a customer at a system, oldest first. */
  mappings(id: number, system?: string): Promise<ShownMapping[]>;
}

type Options = {
  policy?: Partial<SyncPolicy>;
  archives?: boolean;
  stripePolicy?: Partial<SyncPolicy>;
  /** Which rows each system has. */
  conditions?: { stripe: Condition; toy: Condition };
};

export function useBeside(options: Options = {}): Beside {
  const database = useDatabase();
  let beside: (Beside & { lane: () => Lane }) | undefined;
  beforeEach('start two systems', async () => {
    await emptyTables(database.db);
    beside = await createBeside(database.db, options);
  });
  afterEach('stop them', async () => {
    beside?.toy.release();
    await beside?.lane().drain();
    await beside?.stripe.lane.drain();
    await beside?.toy.close();
    await beside?.stripe.simulator.close();
  });
  return new Proxy({} as Beside, {
    get: (_, name): unknown => {
      if (!beside) throw new Error('useBeside: only inside hooks and tests');
      return Reflect.get(beside, name);
    },
  });
}

async function createBeside(
  db: Db,
  { policy = {}, archives = false, stripePolicy = {}, conditions }: Options,
): Promise<Beside & { lane: () => Lane }> {
  const document = conditions && {
    ...createStripeIntake('twinbox_any').document,
    condition: conditions.stripe,
  };
  const stripe = await createWorld(db, { policy: stripePolicy, ...(document && { document }) });
  const { clock } = stripe;
  const promised = { ...capabilities, deletes: archives ? ('archive' as const) : ('delete' as const) };
  const toy = await startToy({ promised, now: () => clock.now().getTime() });
  const { instanceId } = stripe.deps.policy;
  const own = createToyIntegration({ url: toy.url, token: TOKEN, instanceId }, { capabilities: promised });
  const condition = conditions?.toy ?? null;
  const integration = { ...own, document: { ...own.document, condition } };
  const deps: SyncDeps = { ...stripe.deps, integration, policy: { ...stripe.deps.policy, ...policy } };
  await ensureConnections(db, ['stripe', 'toy']);
  await beginReading(db, { ...TOY, imports: false, now: clock.now() });
  await endReading(db, TOY, clock.now());
  const makeLane = (): Lane =>
    createLane(deps, { owner: 'test', concurrency: 4, leaseMs: 60_000 }, () => undefined);
  let lane = makeLane();
  let seen = 0;
  const everything = { system: 'toy', after: 0, upTo: 2 ** 52, limit: 10_000 };
  const receiving = { ...deps, wake: () => undefined };
  async function bring(events: ToyEvent[]): Promise<void> {
    const inbox = { db, clock, integration, retentionDays: 35, nudge: () => undefined };
    for (const event of events) {
      const incoming = onlyEvent(integration.ingress, { events: [structuredClone(event)] });
      if (incoming) await takeIn(inbox, incoming);
    }
    const stored = await findNotReceived(db, everything);
    await receiveInbound(receiving, onlyCustomers(TOY), readAll(stored, keyPrefix(deps)));
  }
  const beside: Beside & { lane: () => Lane } = {
    ...{ db, stripe, toy, deps, lane: () => lane },
    change(changes) {
      deps.policy = { ...deps.policy, ...changes };
      lane = makeLane();
    },
    receive: async () =>
      receiveOutbound(receiving, onlyCustomers(TOY), await findUndelivered(db, everything)),
    bringAgain: (event) => bring([event]),
    async bringToys() {
      const reported = toy.events().slice(seen);
      seen += reported.length;
      await bring(reported);
    },
    async run() {
      for (;;) {
        await stripe.bringTheirs();
        await stripe.run();
        await beside.bringToys();
        const received = await beside.receive();
        const started = await lane.runOnce();
        await lane.drain();
        if (received + started === 0) return;
      }
    },
    async linked(name) {
      const { id } = await stripe.create({ name, email: `${name.toLowerCase()}@beside.example` });
      await beside.run();
      const [atToy] = await beside.mappings(id);
      const [atStripe] = await beside.mappings(id, 'stripe');
      return { id, toyId: must(atToy?.externalId), stripeId: must(atStripe?.externalId) };
    },
    async mappings(id, system = 'toy') {
      const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
        `select * from external_mappings where internal_id = :id and system = :system order by id`,
        { id, system },
      );
      return rows.map((row) => shownMapping(toMapping(row)));
    },
  };
  return beside;
}

function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('there is no such mapping');
  return value;
}
