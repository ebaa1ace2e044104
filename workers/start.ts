// Starts a worker as a separate process: receive, reconcile and housekeeping. Any number may run.
import { compareAtStart } from '../lib/health/alike.ts';
import { openBus } from '../lib/bus/open-bus.ts';
import { assertOwnTopics } from '../lib/bus/own-topics.ts';
import { topics } from '../lib/events/routing.ts';
import { connectDatabase } from '../lib/process/database.ts';
import { watchIdentity } from '../lib/process/identity-watch.ts';
import { startHealthServer } from '../lib/process/health-server.ts';
import { requireShared, requireStripe } from '../lib/process/requirements.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { busPart, databasePart, partitionsPart, syncPart } from '../lib/health/readiness.ts';
import { refusedPart } from '../lib/health/refused.ts';
import { startRoleSigns, type Role } from '../lib/health/role-signs.ts';
import { rolesPart } from '../lib/health/roles.ts';
import { sequencesPart } from '../lib/process/sequences.ts';
import { createSyncDeps } from '../lib/process/systems.ts';
import { keepPartitionsOf } from './housekeeping.ts';
import { startWorkers } from './process.ts';
import { groupsOf } from './receiver.ts';
import { rolesOfWorkers, workersPart } from './readiness.ts';

export const startWorker: Start = async ({ config, log }): Promise<Running> => {
  const { databaseUrl } = requireShared(config, 'worker');
  const stripe = requireStripe(config, 'worker');
  const simulated = stripe.simulated ? describeSimulated(stripe.apiBase) : null;
  if (simulated !== null) log.warn('stripe.simulated', { why: simulated });
  const health = await startHealthServer('worker', config);
  const { poolSize } = config.database;
  const database = await connectDatabase({ role: 'worker', url: databaseUrl, poolSize, log });
  const { db } = database;
  // The relay is another process, which polls often enough without `nudge`.
  const sync = await createSyncDeps(config, { db, stripe, log, nudge: () => undefined });
  const { retentionDays } = config;
  // Before the first row is written, so that no row has to be moved to a partition later.
  await keepPartitionsOf(sync, retentionDays);
  const settings = config.alike.worker;
  let roles: readonly Role[] = [{ name: 'worker', look: () => ({ state: 'starting' }), settings }];
  // Before the bus: while this process waits for the bus, the others see a worker that is starting.
  const signs = await startRoleSigns({ db, log, roles: () => roles });
  await compareAtStart(db, signs.owner, log);
  const { bus, place, newest, failed } = await openBus(config, { log, topics: Object.values(topics) });
  await assertOwnTopics({ db, bus, newest, shared: config.kafka.shareTopics, log });
  const groupId = groupsOf(config.kafka.groupId, sync.policy.instanceId);
  const workers = await startWorkers(bus, [sync], { groupId, retentionDays, owner: signs.owner });
  roles = rolesOfWorkers(workers, bus, settings);
  const identity = watchIdentity({ db, address: database.address });
  health.serve({
    database: databasePart(db),
    bus: busPart(bus),
    roles: rolesPart(db, sync.clock, signs.owner),
    partitions: partitionsPart(db, sync.clock),
    refused: refusedPart(db, sync.clock),
    sequences: sequencesPart(db),
    sync: syncPart(db, [sync.integration.system]),
    workers: () => Promise.resolve(workersPart(workers.status(), simulated)),
  });
  return {
    facts: {
      health: health.url,
      database: database.place,
      kafka: place,
      stripe: stripe.simulated ? stripe.apiBase : 'by its key',
    },
    failed: Promise.race([failed, identity.failed]),
    async stop() {
      await identity.stop();
      await workers.stop();
      await bus.close();
      await signs.stop();
      await database.close();
      await health.close();
    },
  };
};

/** Says why nothing reaches Stripe, for an operator who has forgotten the key. */
function describeSimulated(url: string | undefined): string {
  return (
    `STRIPE_SECRET_KEY is not set, so the simulator at ${url} is used in place of Stripe: set the key, or start the simulator ` +
    '(npm run simulator; in containers: docker compose --profile demo up -d)'
  );
}
