// Runs every role in one process, for `twinbox up` and `twinbox demo`. The settings choose the
// parts: an embedded PostgreSQL or DATABASE_URL, the simulator of a system or the system itself, a
// bus in this process or KAFKA_BOOTSTRAP_SERVERS.
import { customerOf } from '../../lib/config/entity.ts';
import { composeApi } from '../../api/compose.ts';
import { listenWithConsole, type ConsoleDoor } from '../../api/console-door.ts';
import type { listen } from '../../api/server.ts';
import { answerStarting } from '../../api/starting.ts';
import type { Db } from '../../db/server/connection.ts';
import { compareAtStart } from '../../lib/health/alike.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { openBus } from '../../lib/bus/open-bus.ts';
import { assertOwnTopics } from '../../lib/bus/own-topics.ts';
import type { Config } from '../../lib/config/config.ts';
import { assertSameDatabase } from '../../lib/process/database-identity.ts';
import { watchIdentity } from '../../lib/process/identity-watch.ts';
import { createCustomerStore, type CustomerStore } from '../../lib/customers/customers.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { AppError } from '../../lib/errors.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { systems as builtIn, type Registry } from '../../lib/integrations/registry.ts';
import type { Logger } from '../../lib/log.ts';
import { sleep } from '../../lib/loop.ts';
import { busPart } from '../../lib/health/readiness.ts';
import { nameProcess, startRoleSigns } from '../../lib/health/role-signs.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { openTraces } from '../../lib/tracing/open.ts';
import type { Traces } from '../../lib/tracing/traces.ts';
import { createRelays, type Relays } from '../../relay/shards.ts';
import { groupsOf, inboundGroup, outboundGroup, subscriptionsOf } from '../../workers/receiver.ts';
import { keepPartitionsOf } from '../../workers/housekeeping.ts';
import { startWorkers } from '../../workers/process.ts';
import { rolesOfWorkers, workersPart } from '../../workers/readiness.ts';
import { openDatabase } from '../database.ts';
import type { Host } from '../host.ts';
import { startHost } from '../hosts.ts';
import { createApiKeys } from '../../lib/keys/api-keys.ts';
import { nearUrl } from '../../lib/process/listening.ts';
import { requireClosedApi } from '../../lib/process/requirements.ts';
import { metricsOf, watchAll } from '../../lib/process/metrics.ts';
import { createSyncDeps, type SyncParts } from '../../lib/process/systems.ts';
import { createWebhookTally, flushAll } from '../../lib/health/webhook-tally.ts';
import { endLeasesOfTheDead } from './dead-leases.ts';

export interface System {
  url: string;
  /** Null: the settings say that there is none. */
  console: ConsoleDoor | null;
  db: Db;
  store: CustomerStore;
  /** The integration of the first system. */
  integration: Integration;
  /** What the engine of this process is given: for the first system, and for all of them. */
  sync: SyncDeps;
  syncs: readonly SyncDeps[];
  /** Where the database is, for people. */
  databasePlace: string;
  /** Kafka's brokers; null for the bus in this process. */
  busPlace: string | null;
  /** The address of the first system's simulator; null for the real system. */
  simulatorUrl: string | null;
  /** Resolves when a part can no longer work; the process should report this and end. */
  failed: Promise<Error>;
  /** Begins no new work, finishes the work in progress, and closes everything. */
  stop(): Promise<void>;
}

export interface SystemOptions {
  config: Config;
  log: Logger;
  /** The ports in place of those in the settings; 0 means any free port. */
  ports?: { api: number; simulator: number } | undefined;
  systems?: Registry | undefined;
}

/**
 * Starts every role, each after the parts that it needs. If a part cannot start, the parts that
 * were started before it are stopped.
 */
export async function startSystem({ config, log, ports, systems }: SystemOptions): Promise<System> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await start({ config, log, ports, systems, cleanups, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start({
  config,
  log,
  ports = { api: config.api.port, simulator: config.simulator.port },
  systems = builtIn,
  cleanups,
  stop,
}: SystemOptions & {
  ports?: { api: number; simulator: number } | undefined;
  systems?: Registry | undefined;
  cleanups: (() => Promise<unknown>)[];
  stop: () => Promise<void>;
}): Promise<System> {
  // The port first: the most frequent reason why a start fails is that another process uses the
  // port, and this is found at once.
  let app: Parameters<typeof listen>[0] = answerStarting;
  const { server, door } = await listenWithConsole(config, ports.api, (req, res) => app(req, res));
  cleanups.push(() => Promise.all([server.close(), door?.close()]));
  const traces = await openOwnTraces(config, log, cleanups);
  const database = await openDatabase(config, log, { purpose: 'partitions' });
  cleanups.push(() => database.close());
  const { db } = database;
  await requireClosedApi(config, db);
  // Before anything runs: a copy must not write to the original's customers.
  await assertSameDatabase(db, database.address);
  const hosts = await startHosts(systems, { config, log, port: ports.simulator }, cleanups);
  if (database.embedded) await endLeasesOfTheDead(db);
  let relay: Relays | null = null;
  const nudge = (): void => relay?.nudge();
  const { metrics, settings } = metricsOf(config, systems);
  const { measures } = metrics;
  const made = { db, log, nudge, systems, traces, measures };
  const [sync, ...others] = await createSyncs(config, hosts, made);
  const syncs = [sync, ...others];
  const { clock } = sync;
  const names = syncs.map(({ integration }) => integration.system);
  // Before the first row is written, so that no row has to be moved to a partition later.
  await keepPartitionsOf(sync, config.retentionDays);

  const groupId = groupsOf(config.kafka.groupId, sync.policy.instanceId);
  const opened = await openOwnBus({ config, db, log, groupId, names, cleanups, traces });
  const { bus } = opened;
  relay = createRelays({
    ...{ db, bus, clock, log, measures },
    address: database.address,
    routing: createRouting({ customerEvents: config.kafka.customerEvents, systems: names }),
    // On the bus in one process only spans read the headers.
    headers: opened.place === null && config.tracing === null ? 'minimal' : config.kafka.headers,
    ...{ newest: opened.newest, firstShards: config.relay.shards },
  });
  const { retentionDays, auditDays } = config;
  const owner = nameProcess();
  const workers = await startWorkers(bus, syncs, { groupId, retentionDays, auditDays, owner });
  // A call that hangs may take longer than a stop may take: its lease ends later, and the next
  // start finishes its intent.
  cleanups.push(() => atMost(FINISH_MS, workers.stop()));
  const following = relay;
  const groups = subscriptionsOf(groupId, names);
  cleanups.push(await watchAll(config, metrics, { db, settings, subscribed: { bus, groups } }));
  const relayFailed = new Promise<Error>((resolve) => void following.start().catch(resolve));
  cleanups.push(() => following.stop());

  // Started after the roles that the signs are about.
  const received = syncs.map(withTally);
  const keys = createApiKeys({ db, clock, fixed: config.api.keys, keySecrets: config.api.keySecrets });
  const signs = await startRoleSigns({
    db,
    log,
    owner,
    onBeat: () => flushAll([...received.map(({ tally }) => tally), keys]),
    roles: [
      { name: 'api', settings: config.alike.api, look: () => ({ state: server.url }) },
      { name: 'relay', settings: config.alike.relay, look: () => lookAtRelay(following, bus) },
      ...rolesOfWorkers(workers, bus, config.alike.worker),
    ],
  });
  cleanups.push(() => signs.stop());
  const identity = watchIdentity({ db, address: database.address, steps: true });
  cleanups.push(() => identity.stop());
  await compareAtStart(db, owner, log);
  const secrets = await Promise.all(
    hosts.map((host) => host.openWebhooks(nearUrl(config.api.host, server.port))),
  );
  const store = createCustomerStore({ entity: customerOf(config), db, clock, nudge });
  app = composeApi({
    ...{ config, db, clock, store, keys, metrics },
    ...{ log, tracing: traces.of('api') },
    systems: received.map((each, at) => ({ ...each, secrets: secrets[at] ?? [] })),
    ...{ door, nudge, planners: syncs, owner: signs.owner },
    readiness: {
      bus: busPart(bus),
      workers: () => Promise.resolve(workersPart(workers.status())),
    },
  });
  // Closed first: requests end before the parts that they use.
  cleanups.push(() => server.close(FINISH_REQUESTS_MS));
  return {
    url: server.url,
    console: door,
    ...{ db, store },
    integration: sync.integration,
    sync,
    syncs,
    databasePlace: database.place,
    busPlace: opened.place,
    simulatorUrl: hosts[0]?.simulatorUrl ?? null,
    failed: Promise.race([relayFailed, opened.failed, identity.failed]),
    stop,
  };
}

async function openOwnTraces(
  { tracing }: Config,
  log: Logger,
  cleanups: (() => Promise<unknown>)[],
): Promise<Traces> {
  const traces = await openTraces(tracing, log);
  cleanups.push(() => traces.close());
  return traces;
}

/** The bus with our topics and groups, once it is known that the topics are those of this database. */
async function openOwnBus({
  config,
  db,
  log,
  groupId,
  names,
  cleanups,
  traces,
}: {
  config: Config;
  db: Db;
  log: Logger;
  groupId: string;
  names: string[];
  cleanups: (() => Promise<unknown>)[];
  traces: Traces;
}): ReturnType<typeof openBus> {
  const opened = await openBus(config, {
    log,
    topics: Object.values(topics),
    ...{ tracing: traces.of('relay'), receiving: traces.of('worker') },
    required: {
      [topics.outbound]: names.map((name) => outboundGroup(groupId, name)),
      [topics.inbound]: [inboundGroup(groupId)],
    },
  });
  const { bus, newest } = opened;
  cleanups.push(() => bus.close());
  await assertOwnTopics({ db, bus, newest, shared: config.kafka.shareTopics, log });
  return opened;
}

/** Adds a cleanup for each host at once, so that it is closed also if a later host cannot start. */
async function startHosts(
  systems: Registry,
  options: { config: Config; log: Logger; port: number },
  cleanups: (() => Promise<unknown>)[],
): Promise<Host[]> {
  const hosts: Host[] = [];
  for (const definition of systems.enabled(options.config)) {
    const host = await startHost(definition, options);
    hosts.push(host);
    cleanups.push(() => host.close());
  }
  return hosts;
}

async function createSyncs(
  config: Config,
  hosts: readonly Host[],
  { systems, traces, ...parts }: Omit<SyncParts, 'access'> & { systems: Registry; traces: Traces },
): Promise<[SyncDeps, ...SyncDeps[]]> {
  const [first, ...others] = await Promise.all(
    hosts.map((access) =>
      createSyncDeps(config, { ...parts, tracing: traces.of('worker'), access }, systems),
    ),
  );
  if (!first) throw new AppError('config_invalid', { detail: 'No external system is kept in step.' });
  return [first, ...others];
}

function withTally({ db, clock, log, integration }: SyncDeps) {
  const tally = createWebhookTally({ db, clock, log, system: integration.system });
  return { intake: integration, tally };
}

function lookAtRelay(relay: Relays, bus: Bus) {
  return { state: relay.isActive() ? 'active' : 'standby', problem: bus.health().problem };
}

/** A whole stop may take 10 s; requests and steps in progress may take this much of it. */
const FINISH_REQUESTS_MS = 2_500;
const FINISH_MS = 4_500;

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, done.signal)]);
  done.abort();
}
