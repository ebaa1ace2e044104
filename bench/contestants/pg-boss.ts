// pg-boss, with a job for each event. One worker fetches batches in the order in which the jobs were made and has one
// batch in hand at a time, so the events of a key keep their order: a batch that fails is tried again before all others.
//
// pg-boss' own way to keep the order of a key, queues of the policy key_strict_fifo, hands out one job of a key at a
// time, and looks for the first job of every key at each fetch.
import { PgBoss } from 'pg-boss';
import { insertJobs } from 'pg-boss/dist/plans.js';
import type { Contestant, World } from './contestant.ts';
import { startFile, worldOfArguments } from './process.ts';
import { openSends, outgoingSql, type Outgoing } from './shaped-sends.ts';

const SCHEMA = 'pgboss';
const QUEUE = 'publish';
const BATCH = 1_000;

/** The statement of pg-boss' `send`, with a list of one job made from the parameters. */
const insertSql = insertJobs(SCHEMA, {
  table: 'job_common',
  name: QUEUE,
  returnId: true,
  notify: true,
}).replace('$1::text::json', () => `json_build_array(json_build_object('id', $1, 'data', ${outgoingSql}))`);

function createBoss({ databaseUrl }: World): PgBoss {
  return new PgBoss({ connectionString: databaseUrl, schema: SCHEMA, useListenNotify: true });
}

async function work(world: World): Promise<void> {
  const sends = await openSends(world);
  const boss = createBoss(world);
  boss.on('error', (error) => console.error('pg-boss:', error));
  boss.on('warning', ({ message }) => console.error('pg-boss:', message));
  await boss.start();
  const fetching = { batchSize: BATCH, burstWhenBatchFull: true };
  const idle = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 };
  await boss.work<Outgoing>(QUEUE, { ...fetching, ...idle }, (jobs) =>
    sends.sendAll(jobs.map(({ data }) => data)),
  );
  process.once('SIGTERM', () => void boss.stop().then(sends.close));
}

export const contestant: Contestant = {
  name: 'pg-boss',
  about: `pg-boss 12.38.0: one worker, batches of ${BATCH}, burstWhenBatchFull, LISTEN/NOTIFY; kafkajs 2.2.4 with partitions given, a send for each batch`,
  missing: () => Promise.resolve(null),
  insertSql,
  async prepare(world) {
    const boss = createBoss(world);
    await boss.start();
    // A job that has failed for good would be an event that is lost.
    await boss.createQueue(QUEUE, { notify: true, retryLimit: 1_000_000 });
    await boss.stop();
  },
  start: (world) => Promise.resolve(startFile(import.meta.filename, world)),
};

if (import.meta.main) await work(worldOfArguments());
