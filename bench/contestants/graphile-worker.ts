// graphile-worker, with a job for each event. It starts jobs in the order in which they were made, many at once, and
// these share one send at a time. So the events of a key keep their order as long as no job fails: one that fails is
// tried again later, after its successors.
//
// graphile-worker's own way to keep the order of a key, a named queue for each key, hands out one job of a queue at a
// time, and locks the rows of all queues at each fetch.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import type { Contestant, World } from './contestant.ts';
import { startFile, worldOfArguments } from './process.ts';
import { openSends, outgoingSql, type Outgoing } from './shaped-sends.ts';

/** At once, and in one fetch: the next one is fetched while these are sent. */
const JOBS = 1_000;

const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error('graphile-worker:', message);
});

async function work(world: World): Promise<void> {
  const sends = await openSends(world);
  const runner = await run({
    logger,
    noHandleSignals: true,
    preset: {
      worker: {
        ...{ connectionString: world.databaseUrl, concurrentJobs: JOBS, localQueue: { size: JOBS } },
        ...{ completeJobBatchDelay: 0, failJobBatchDelay: 0 },
      },
    },
    taskList: { publish: (event) => sends.send(event as Outgoing) },
  });
  process.once('SIGTERM', () => void runner.stop().then(sends.close));
}

export const contestant: Contestant = {
  name: 'graphile-worker',
  about: `graphile-worker 0.18.0: ${JOBS} concurrent jobs, localQueue of as many, completeJobBatchDelay 0, LISTEN/NOTIFY; kafkajs 2.2.4 with partitions given, a send for all jobs that wait`,
  missing: () => Promise.resolve(null),
  insertSql: `select graphile_worker.add_job('publish', ${outgoingSql})`,
  async prepare({ databaseUrl }) {
    const utils = await makeWorkerUtils({ connectionString: databaseUrl, logger });
    await utils.migrate();
    await utils.release();
  },
  start: (world) => Promise.resolve(startFile(import.meta.filename, world)),
};

if (import.meta.main) await work(worldOfArguments());
