// Starts a worker as a separate process: receive, reconcile and housekeeping. Any number may run.
import { readInstanceId } from '../db/connections.ts';
import { tableCatalogueOf } from '../lib/process/table-catalogue.ts';
import { systemClock } from '../lib/clock.ts';
import type { SystemAccess } from '../lib/integrations/definition.ts';
import { compareAtStart } from '../lib/health/alike.ts';
import { openBus } from '../lib/bus/open-bus.ts';
import { assertOwnTopics } from '../lib/bus/own-topics.ts';
import { topics } from '../lib/events/routing.ts';
import { connectDatabase } from '../lib/process/database.ts';
import { watchIdentity } from '../lib/process/identity-watch.ts';
import { startHealthServer } from '../lib/process/health-server.ts';
import { metricsOf } from '../lib/process/metrics.ts';
import { requireShared, requireSystems } from '../lib/process/requirements.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { busPart, databasePart, partitionsPart, syncPart } from '../lib/health/readiness.ts';
import { refusedPart } from '../lib/health/refused.ts';
import { startRoleSigns, type Role } from '../lib/health/role-signs.ts';
import { rolesPart } from '../lib/health/roles.ts';
import { sequencesPart } from '../lib/process/sequences.ts';
import { createSyncDeps } from '../lib/process/systems.ts';
import { createAnnouncer } from '../lib/process/waking.ts';
import { keepPartitionsOf } from './housekeeping.ts';
import { startWorkers } from './process.ts';
import { groupsOf, subscriptionsOf } from './receiver.ts';
import { rolesOfWorkers, workersPart } from './readiness.ts';

const TOPICS = Object.values(topics);

export const startWorker: Start = async ({ config, log, tracing }): Promise<Running> => {
  const { databaseUrl } = requireShared(config, 'worker');
  const accesses = requireSystems(config, 'worker');
  const advice = adviceOf(accesses);
  for (const { system, says } of advice) log.warn(`${system}.simulated`, { why: says });
  const { metrics, settings: lanes } = metricsOf(config);
  const { measures } = metrics;
  const health = await startHealthServer('worker', config, metrics);
  const { poolSize } = config.database;
  const known = { url: databaseUrl, catalogue: tableCatalogueOf(config), poolSize, log };
  const database = await connectDatabase({ role: 'worker', ...known });
  const { db } = database;
  metrics.watch(db, lanes);
  const { nudge, settle } = createAnnouncer({ db, log });
  const syncs = await Promise.all(
    accesses.map((access) => createSyncDeps(config, { db, access, log, tracing, nudge, measures })),
  );
  const systems = syncs.map(({ integration }) => integration.system);
  const { retentionDays, auditDays } = config;
  // Before the first row is written, so that no row has to be moved to a partition later.
  await keepPartitionsOf({ db, clock: systemClock, log }, retentionDays);
  const settings = config.alike.worker;
  let roles: readonly Role[] = [{ name: 'worker', look: () => ({ state: 'starting' }), settings }];
  // Before the bus: while this process waits for the bus, the others see a worker that is starting.
  const signs = await startRoleSigns({ db, log, roles: () => roles });
  await compareAtStart(db, signs.owner, log);
  const { bus, place, newest, failed } = await openBus(config, { log, tracing, topics: TOPICS });
  await assertOwnTopics({ db, bus, newest, shared: config.kafka.shareTopics, log });
  const groupId = groupsOf(config.kafka.groupId, await readInstanceId(db));
  const workers = await startWorkers(bus, syncs, { groupId, retentionDays, auditDays, owner: signs.owner });
  metrics.watchBus({ bus, groups: subscriptionsOf(groupId, systems) });
  roles = rolesOfWorkers(workers, bus, settings);
  const identity = watchIdentity({ db, address: database.address, steps: true });
  health.serve({
    database: databasePart(db),
    bus: busPart(bus),
    roles: rolesPart(db, systemClock, { owner: signs.owner, systems }),
    partitions: partitionsPart(db, systemClock),
    refused: refusedPart(db, systemClock),
    sequences: sequencesPart(db),
    sync: syncPart(db, systems),
    workers: () => Promise.resolve(workersPart(workers.status(), advice)),
  });
  return {
    facts: {
      health: health.url,
      metrics: health.metricsUrl,
      database: database.place,
      kafka: place,
      ...Object.fromEntries(accesses.map(({ system, standIn }) => [system.name, standIn ?? 'by its key'])),
    },
    failed: Promise.race([failed, identity.failed]),
    async stop() {
      await identity.stop();
      await workers.stop();
      await bus.close();
      await Promise.all([signs.stop(), settle()]);
      await database.close();
      await health.close();
    },
  };
};

/**
 * Says why nothing reaches a system whose simulator is used, for an operator who has forgotten its
 * key.
 */
function adviceOf(accesses: readonly SystemAccess[]): { system: string; says: string }[] {
  return accesses.flatMap(({ system, standIn }) =>
    standIn === null ? [] : [{ system: system.name, says: system.standInAdvice(standIn) }],
  );
}
