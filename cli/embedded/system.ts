// Every role in one process: what `twinbox up` and `twinbox demo` run. Each part is chosen by whether its setting is there:
// an embedded PostgreSQL or DATABASE_URL, the simulator or STRIPE_SECRET_KEY. The bus is in this process.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../api/app.ts';
import { listen } from '../../api/server.ts';
import { createDb, type Db } from '../../db/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { assertMigrated, migrate } from '../../db/migrate.ts';
import { addressOf } from '../../db/relay-identity.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config.ts';
import { createCustomerStore, type CustomerStore } from '../../lib/customers.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { createStripeIntegration } from '../../lib/integrations/stripe/stripe.ts';
import type { Logger } from '../../lib/log.ts';
import { databasePart, relayPart, syncPart, type Part } from '../../lib/readiness.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { createRelay } from '../../relay/relay.ts';
import { createSimulator } from '../../simulator/simulator.ts';
import { startWorkers } from '../../workers/process.ts';
import { startEmbeddedPostgres } from './postgres.ts';

/** Obviously made up: the simulator takes any test key. */
const SIMULATOR_KEY = 'sk_test_twinbox_simulator';

export interface System {
  url: string;
  db: Db;
  store: CustomerStore;
  integration: Integration;
  /** Where Stripe is: the simulator's address, or null for the real one. */
  simulatorUrl: string | null;
  /** Resolves when a part can no longer work; the process should say so and end. */
  failed: Promise<Error>;
  /** Takes nothing new, finishes what is in hand, and closes everything. */
  stop(): Promise<void>;
}

export interface SystemOptions {
  config: Config;
  log: Logger;
  /** Ports and simulator as the demo wants them: free ones, nothing kept from before. */
  ports?: { api: number; simulator: number } | undefined;
}

/** Starts every role, each once what it needs is there. What was started is stopped again if a later part cannot start. */
export async function startSystem({ config, log, ports }: SystemOptions): Promise<System> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await start({ config, log, ports, cleanups, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start({
  config,
  log,
  ports = { api: config.api.port, simulator: config.simulator.port },
  cleanups,
  stop,
}: SystemOptions & {
  ports?: { api: number; simulator: number } | undefined;
  cleanups: (() => Promise<unknown>)[];
  stop: () => Promise<void>;
}): Promise<System> {
  const clock = systemClock;
  // The port first: that somebody else has it is the likeliest reason for not starting, and the quickest to find.
  let app: Parameters<typeof listen>[0] = answerStarting;
  const server = await listen((req, res) => app(req, res), { host: config.api.host, port: ports.api });
  cleanups.push(() => server.close());
  const database = await openDatabase(config, log, cleanups);
  const { db } = database;
  const stripe = await openStripe(config, log, ports.simulator, cleanups);
  const instanceId = await readInstanceId(db);
  const integration = createStripeIntegration({ ...stripe, markKey: `twinbox_${instanceId}` });

  const bus = createInProcessBus({ required: { [topics.outbound]: [`${config.kafka.groupId}.stripe`] } });
  cleanups.push(() => bus.close());
  const relay = createRelay({
    db,
    bus,
    clock,
    log,
    address: database.address,
    routing: createRouting({ customerEvents: true, systems: [integration.system] }),
    headers: 'minimal',
  });
  const nudge = (): void => relay.nudge();
  const sync: SyncDeps = { db, clock, integration, policy: policyOf(config, instanceId), log, nudge };
  const workers = await startWorkers(bus, [sync], {
    groupId: config.kafka.groupId,
    owner: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
    concurrency: CONCURRENCY,
    leaseMs: LEASE_MS,
    retentionDays: config.retentionDays,
  });
  cleanups.push(() => workers.stop());
  const failed = new Promise<Error>((resolve) => relay.start().catch(resolve));
  cleanups.push(() => relay.stop());

  const store = createCustomerStore({ db, clock, nudge });
  app = createApi({
    store,
    db,
    clock,
    log,
    config: { apiKeys: config.api.keys },
    readiness: {
      database: databasePart(db),
      relay: relayPart(db, clock),
      sync: syncPart(db, [integration.system]),
      workers: () => Promise.resolve(workersPart(workers.status())),
    },
  });
  // Requests end before what they use does, whatever was started first.
  cleanups.push(() => server.close());
  return { url: server.url, db, store, integration, simulatorUrl: stripe.simulatorUrl, failed, stop };
}

/** Mappings worked on at once; Stripe's limits are reached long before this is. */
const CONCURRENCY = 16;
/** Longer than a read, a write (15 s each at most) and their settles. */
const LEASE_MS = 60_000;

async function openDatabase(config: Config, log: Logger, cleanups: (() => Promise<unknown>)[]) {
  const { poolSize } = config.database;
  if (config.database.url !== undefined) {
    const db = createDb({ url: config.database.url, poolSize, applicationName: 'twinbox' });
    cleanups.push(() => db.destroy());
    await assertMigrated(db);
    return { db, address: addressOf({ url: config.database.url }) };
  }
  const dataDir = join(config.dataDir, 'postgres');
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: (text) => log.info('postgres.embedded', { text }),
  });
  cleanups.push(() => postgres.stop());
  const db = createDb({ url: postgres.url, poolSize, applicationName: 'twinbox' });
  cleanups.push(() => db.destroy());
  await migrate(db);
  return { db, address: addressOf({ dataDirectory: postgres.dataDir, database: 'twinbox' }) };
}

async function openStripe(config: Config, log: Logger, port: number, cleanups: (() => Promise<unknown>)[]) {
  const { secretKey, apiBase } = config.stripe;
  if (secretKey !== undefined) return { secretKey, apiBase, simulatorUrl: null };
  const simulator = createSimulator({
    dataDir: join(config.dataDir, 'simulator'),
    onBug: (error) => log.error('simulator.bug', { error }),
  });
  cleanups.push(() => simulator.close());
  const { url } = await simulator.listen(port);
  return { secretKey: SIMULATOR_KEY, apiBase: url, simulatorUrl: url };
}

function policyOf(config: Config, instanceId: string): SyncDeps['policy'] {
  return {
    environment: config.env,
    instanceId,
    writes: config.stripe.writes,
    pulls: config.stripe.pulls,
    deletes: config.stripe.deletePolicy,
    parkAfterMs: config.parkAfterHours * 3_600_000,
    backoff: { baseMs: 500, capMs: 300_000 },
  };
}

function workersPart({
  lanes,
  housekeeping,
}: Awaited<ReturnType<typeof startWorkers>>['status'] extends () => infer S ? S : never): Part {
  const stopped = lanes.find((lane) => lane.stopped !== null);
  const figures = {
    in_hand: lanes.reduce((sum, lane) => sum + lane.inHand, 0),
    received_from_table: housekeeping.receivedFromTable,
  };
  return stopped?.stopped ? { ready: false, problem: stopped.stopped, figures } : { ready: true, figures };
}

const answerStarting: Parameters<typeof listen>[0] = (req, res) => {
  const healthy = req.url === '/health';
  res.writeHead(healthy ? 200 : 503, {
    'content-type': healthy ? 'application/json' : 'application/problem+json',
    'retry-after': '1',
  });
  res.end(
    JSON.stringify(
      healthy
        ? { status: 'healthy' }
        : {
            type: 'about:blank',
            title: 'Starting',
            status: 503,
            code: 'starting',
            detail: 'Twinbox is starting; try again in a second.',
          },
    ),
  );
};
