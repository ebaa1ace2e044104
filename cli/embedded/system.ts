// Every role in one process: what `twinbox up` and `twinbox demo` run. Each part is chosen by
// whether its setting is there: an embedded PostgreSQL or DATABASE_URL, the simulator or
// STRIPE_SECRET_KEY, a bus in this process or KAFKA_BOOTSTRAP_SERVERS.
import { hostname } from 'node:os';
import { composeApi } from '../../api/compose.ts';
import { listen } from '../../api/server.ts';
import { answerStarting } from '../../api/starting.ts';
import type { Db } from '../../db/server/connection.ts';
import { endLeasesOf, readLeaseOwners } from '../../db/lease-owners.ts';
import { compareAtStart } from '../../lib/health/alike.ts';
import { openBus } from '../../lib/bus/open-bus.ts';
import { assertOwnTopics } from '../../lib/bus/own-topics.ts';
import type { Config } from '../../lib/config/config.ts';
import { assertSameDatabase } from '../../lib/process/database-identity.ts';
import { createCustomerStore, type CustomerStore } from '../../lib/customers/customers.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import type { Logger } from '../../lib/log.ts';
import { sleep } from '../../lib/loop.ts';
import { busPart } from '../../lib/health/readiness.ts';
import { nameProcess, startRoleSigns } from '../../lib/health/role-signs.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { groupsOf, inboundGroup, outboundGroup } from '../../workers/receiver.ts';
import { keepPartitionsOf } from '../../workers/housekeeping.ts';
import { startWorkers } from '../../workers/process.ts';
import { rolesOfWorkers, workersPart } from '../../workers/readiness.ts';
import { openDatabase } from '../database.ts';
import { startStripe } from '../stripe.ts';
import { openWebhooks } from '../webhooks.ts';
import { createSyncDeps } from '../../lib/process/systems.ts';
import { createWebhookTally } from '../../lib/health/webhook-tally.ts';
import { isAlive } from './processes.ts';

export interface System {
  url: string;
  db: Db;
  store: CustomerStore;
  integration: Integration;
  /** What the engine of this process works with. */
  sync: SyncDeps;
  /** Where the database is, for people. */
  databasePlace: string;
  /** Kafka's brokers; null for the bus in this process. */
  busPlace: string | null;
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

/**
 * Starts every role, each once what it needs is there. What was started is stopped again if a later
 * part cannot start.
 */
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
  // The port first: another process that has it is the likeliest reason for not starting, and the
  // quickest to find.
  let app: Parameters<typeof listen>[0] = answerStarting;
  const server = await listen((req, res) => app(req, res), { ...config.api, port: ports.api });
  cleanups.push(() => server.close());
  const database = await openDatabase(config, log, { purpose: 'partitions' });
  cleanups.push(() => database.close());
  const { db } = database;
  // Before anything runs: a copy must not write to the original's customers.
  await assertSameDatabase(db, database.address);
  const stripe = await startStripe(config, log, ports.simulator);
  cleanups.push(() => stripe.close());
  if (database.embedded) await endLeasesOfTheDead(db);
  let relay: Relay | null = null;
  const nudge = (): void => relay?.nudge();
  const sync = await createSyncDeps(config, { db, stripe, log, nudge });
  const { integration, clock } = sync;
  // Before the first row, so that it does not have to be moved later.
  await keepPartitionsOf(sync, config.retentionDays);

  const groupId = groupsOf(config.kafka.groupId, sync.policy.instanceId);
  const opened = await openBus(config, {
    log,
    topics: Object.values(topics),
    required: {
      [topics.outbound]: [outboundGroup(groupId, integration.system)],
      [topics.inbound]: [inboundGroup(groupId)],
    },
  });
  const { bus } = opened;
  cleanups.push(() => bus.close());
  await assertOwnTopics({ db, bus, newest: opened.newest, shared: config.kafka.shareTopics, log });
  relay = createRelay({
    db,
    bus,
    clock,
    log,
    address: database.address,
    routing: createRouting({ customerEvents: config.kafka.customerEvents, systems: [integration.system] }),
    // On the bus in process no consumer reads them.
    headers: opened.place === null ? 'minimal' : config.kafka.headers,
    newest: opened.newest,
  });
  const { retentionDays } = config;
  const owner = nameProcess();
  const workers = await startWorkers(bus, [sync], { groupId, retentionDays, owner });
  // A call that hangs may take longer than a stop has: it is left to its lease, and the next start
  // finishes it.
  cleanups.push(() => noLonger(FINISH_MS, workers.stop()));
  const following = relay;
  const relayFailed = new Promise<Error>((resolve) => void following.start().catch(resolve));
  cleanups.push(() => following.stop());

  // After what it speaks of runs; stopped after it, so that no sign follows the end.
  const tally = createWebhookTally({ db, clock, log, system: integration.system });
  const signs = await startRoleSigns({
    db,
    log,
    owner,
    onBeat: tally.flush,
    roles: [
      { name: 'api', look: () => ({ state: server.url }) },
      {
        name: 'relay',
        settings: config.alike.relay,
        look: () => ({ state: following.isActive() ? 'active' : 'standby', problem: bus.health().problem }),
      },
      ...rolesOfWorkers(workers, bus, config.alike.worker),
    ],
  });
  cleanups.push(() => signs.stop());
  await compareAtStart(db, owner, log);
  const secrets = await openWebhooks(config, stripe, server.url);
  const store = createCustomerStore({ db, clock, nudge });
  app = composeApi({
    config,
    db,
    clock,
    log,
    store,
    intake: integration,
    secrets,
    tally,
    nudge,
    owner: signs.owner,
    readiness: {
      bus: busPart(bus),
      workers: () => Promise.resolve(workersPart(workers.status())),
    },
  });
  // Requests end before what they use does, whatever was started first.
  cleanups.push(() => server.close(FINISH_REQUESTS_MS));
  return {
    url: server.url,
    db,
    store,
    integration,
    sync,
    databasePlace: database.place,
    busPlace: opened.place,
    simulatorUrl: stripe.simulatorUrl,
    failed: Promise.race([relayFailed, opened.failed]),
    stop,
  };
}

/** A stop has 10 s in all; these are what requests and reconciles in hand may take of them. */
const FINISH_REQUESTS_MS = 2_500;
const FINISH_MS = 4_500;

/**
 * A process that was killed here cannot come back for its leases; waiting for them to run out would
 * only cost time.
 */
async function endLeasesOfTheDead(db: Db): Promise<void> {
  const owners = await readLeaseOwners(db);
  await endLeasesOf(
    db,
    owners.filter((owner) => {
      const [host, pid] = owner.split(':');
      // No earlier process can still run under our own id: ids are given out again, above all in
      // containers.
      return host === hostname() && (Number(pid) === process.pid || !isAlive(Number(pid)));
    }),
  );
}

async function noLonger(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, done.signal)]);
  done.abort();
}
