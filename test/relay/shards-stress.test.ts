import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '../../db/server/connection.ts';
import { createCursor } from '../../db/relay/identity.ts';
import { changeShards } from '../../db/relay/shards.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { expectComplete, expectOrder, readCommitted } from './complete.ts';
import { followArrivals, startRelayProcess, type RelayProcess } from './processes.ts';
import { beginWithXid } from './world.ts';
import { createCustomers, startWriters } from './writers.ts';

const LEASE_MS = 1_000;
const WRITERS = 8;
const SHARED = 200;

/** Where each process dies, one after the other. The passes of all its shards count together. */
const DEATHS = ['relay.before-publish', 'relay.after-publish', 'relay.after-save'];

type Stress = {
  db: Db;
  arrivals: ReturnType<typeof followArrivals>;
  /** Starts a process; without a failpoint it lives until the end. */
  start(failpoints?: string): RelayProcess;
};

async function withStress(work: (stress: Stress) => Promise<void>): Promise<void> {
  const database = await createTestDatabase({ poolSize: 2 });
  const folder = await mkdtemp(join(tmpdir(), 'shards-stress-'));
  const file = join(folder, 'arrivals');
  await writeFile(file, '');
  const started: RelayProcess[] = [];
  const db = createDb({ url: database.url, poolSize: WRITERS + 4, applicationName: 'stress' });
  try {
    await work({
      ...{ db, arrivals: followArrivals(file) },
      start(failpoints = '') {
        const child = startRelayProcess(database.url, file, { pageSize: 50, leaseMs: LEASE_MS, failpoints });
        started.push(child);
        return child;
      },
    });
  } finally {
    for (const { signal } of started) signal('SIGKILL');
    await Promise.all(started.map(({ exited }) => exited));
    await db.destroy();
    await database.db.destroy();
    await database.drop();
    await rm(folder, { recursive: true });
  }
}

/** A process that never comes to its failpoint must fail the test, and not hold it up. */
async function untilDead({ exited }: RelayProcess): Promise<void> {
  let isDead = false;
  void exited.then(() => (isDead = true));
  await waitUntil(() => isDead, { timeoutMs: 60_000, what: 'the end of a process' });
}

async function expectAll({ db, arrivals }: Stress): Promise<void> {
  const committed = await readCommitted(db);
  await waitUntil(() => arrivals.read().events >= committed.length, {
    timeoutMs: 120_000,
    what: 'everything that was committed',
  });
  expectComplete(arrivals.all, committed);
  expectOrder(arrivals.all);
  console.log(
    `      ${committed.length} events, ${arrivals.all.length - committed.length} arrived a second time`,
  );
}

describe('shards under stress', function () {
  this.timeout(240_000);

  for (const shards of [1, 2, 4])
    it(`${shards} of them: each entity keeps its order, with processes that die and an old transaction`, () =>
      withStress(async (stress) => {
        const { db, arrivals, start } = stress;
        await createCustomers(db, SHARED + WRITERS * 20);
        await createCursor(db, 'here');
        await changeShards(db, { shards, actor: 'test' });
        // Beside one that has the only shard, the others would stand by and not die.
        if (shards > 1) start();
        const pinned = await beginWithXid(db);
        const writers = startWriters(db, {
          ...{ concurrency: WRITERS, target: 2_000, shared: SHARED, stragglerMs: 1_000 },
        });
        for (const name of DEATHS) await untilDead(start(`${name}=kill@4`));
        if (shards === 1) start();
        await writers.finish();
        await expectAll(stress);
        await pinned.rollback();
        expect(arrivals.all.length).to.be.at.least(2_000);
      }));

  it('their number changes, 1, 2, 4 and 1 again, while processes die at each point of a round: nothing is lost', () =>
    withStress(async (stress) => {
      const { db, arrivals, start } = stress;
      await createCustomers(db, SHARED + WRITERS * 20);
      const writers = startWriters(db, {
        ...{ concurrency: WRITERS, target: 5_000, shared: SHARED, stragglerMs: 1_500 },
      });
      await createCursor(db, 'here');
      start();
      for (const [step, shards] of [2, 4, 1, 4, 2, 1].entries()) {
        const dies = start(`${DEATHS[step % DEATHS.length] ?? ''}=kill@${3 + step}`);
        const enough = arrivals.read().arrivals + 300;
        await waitUntil(() => arrivals.read().arrivals >= enough, {
          timeoutMs: 60_000,
          what: `${enough} arrivals`,
        });
        await changeShards(db, { shards, actor: 'test' });
        // Of one shard it may have to stand by, and would never come to its failpoint.
        if (shards === 1) dies.signal('SIGKILL');
        await untilDead(dies);
      }
      await writers.finish();
      await expectAll(stress);
    }));
});
