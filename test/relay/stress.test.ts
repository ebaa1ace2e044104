import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from '../../db/server/connection.ts';
import { createDb } from '../../db/server/connection.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { expectComplete, expectOrder, readCommitted } from './complete.ts';
import { followArrivals, startRelayProcess, type Arrival, type RelayProcess } from './processes.ts';
import { beginWithXid } from './world.ts';
import { createCustomers, startWriters } from './writers.ts';

const LEASE_MS = 1_500;
const WRITERS = 16;
const SHARED = 300;
const LARGEST_PAGE = 1_000;

type Stress = { db: Db; arrivals: ReturnType<typeof followArrivals>; start(pageSize: number): RelayProcess };

describe('the relay under stress', function () {
  this.timeout(180_000);

  async function withStress(fn: (stress: Stress) => Promise<void>): Promise<void> {
    const database = await createTestDatabase({ poolSize: 2 });
    const folder = await mkdtemp(join(tmpdir(), 'relay-stress-'));
    const file = join(folder, 'arrivals');
    await writeFile(file, '');
    const started: RelayProcess[] = [];
    const start = (pageSize: number) => {
      const child = startRelayProcess(database.url, file, { pageSize, leaseMs: LEASE_MS });
      started.push(child);
      return child;
    };
    // A straggler sleeps in its transaction: each writer has a connection of its own.
    const db = createDb({ url: database.url, poolSize: WRITERS + 4, applicationName: 'stress' });
    try {
      await fn({ db, arrivals: followArrivals(file), start });
    } finally {
      for (const { signal } of started) signal('SIGKILL');
      await Promise.all(started.map(({ exited }) => exited));
      await db.destroy();
      await database.db.destroy();
      await database.drop();
      await rm(folder, { recursive: true });
    }
  }

  /** The child with the newest fence, once that is not `before`. */
  const nextActive = (children: readonly RelayProcess[], before?: RelayProcess) =>
    waitUntil(
      () => {
        const newest = (child: RelayProcess) => Math.max(0, ...child.fences);
        const active = children.reduce((a, b) => (newest(b) > newest(a) ? b : a));
        return newest(active) > 0 && active !== before && active;
      },
      { timeoutMs: 60_000, what: 'a relay to become active' },
    );

  it('loses nothing, keeps every entity in order, and repeats only where the lease changed its holder', () =>
    withStress(async ({ db, arrivals, start }) => {
      await createCustomers(db, SHARED + WRITERS * 20);
      const pinned = await beginWithXid(db);
      const writers = startWriters(db, {
        concurrency: WRITERS,
        target: 22_000,
        shared: SHARED,
        stragglerMs: 2_500,
      });
      // Pages of 2 and of 1,000 alternately, always one relay more than is needed; each is ended
      // while it works.
      const children = [start(2)];
      let active = await nextActive(children);
      const endings = ['SIGKILL', 'SIGSTOP', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const;
      for (const [round, ending] of endings.entries()) {
        children.push(start(round % 2 === 0 ? LARGEST_PAGE : 2));
        const until = arrivals.read().arrivals + 500;
        await waitUntil(() => arrivals.read().arrivals >= until, {
          timeoutMs: 60_000,
          what: `${until} arrivals`,
        });
        active.signal(ending);
        const successor = await nextActive(children, active);
        // The one that was frozen lives on, waits and may be active again.
        if (ending === 'SIGSTOP') active.signal('SIGCONT');
        active = successor;
      }
      // One with large pages publishes the rest; for one with pages of 2 it would take a minute on
      // a busy machine.
      const last = start(LARGEST_PAGE);
      for (const { signal } of children) signal('SIGKILL');
      await nextActive([last]);
      await writers.finish();
      const committed = await readCommitted(db);
      await waitUntil(() => arrivals.read().events >= committed.length, {
        timeoutMs: 120_000,
        what: 'everything that was committed',
      });
      // The save of the last page runs beside the next round.
      await waitUntil(async () => (await countSaved(db)) >= committed.length, {
        timeoutMs: 60_000,
        what: 'the save of everything',
      });
      await pinned.rollback();
      expect(committed.length).to.be.at.least(20_000);
      expectComplete(arrivals.all, committed);
      expectOrder(arrivals.all);
      await expectRepeatsAtHandovers(db, arrivals.all);
    }));
});

async function countSaved(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    'select count(distinct id)::integer as count from relay_batches, unnest(ids) id',
  );
  return rows[0]?.count ?? 0;
}

/**
 * By relay_batches every event was saved once for each topic, under one fence, and arrived once
 * under that fence. Further arrivals were sent by holders of older fences, and are no more than the
 * one page that each of them could not save.
 */
async function expectRepeatsAtHandovers(db: Db, arrivals: readonly Arrival[]): Promise<void> {
  const { rows } = await db.raw<{ rows: { id: number; fence: number; topics: number }[] }>(`
    select id, min(fence) as fence, count(*)::integer as topics from relay_batches, unnest(ids) id group by id`);
  expect(rows.filter(({ topics }) => topics !== 2)).to.deep.equal([]);
  const saved = new Map(rows.map(({ id, fence }) => [id, fence]));
  const unsaved = arrivals.filter(({ id, fence }) => saved.get(id) !== fence);
  expect(arrivals.length - unsaved.length, 'one arrival for each save').to.equal(saved.size);
  expect(unsaved.filter(({ id, fence }) => fence >= (saved.get(id) ?? 0))).to.deep.equal([]);
  const repeats = Map.groupBy(unsaved, ({ fence }) => fence);
  for (const [fence, page] of repeats)
    expect(page.length, `repeats of fence ${fence}`).to.be.at.most(LARGEST_PAGE);
  const fences = new Set(saved.values()).size;
  console.log(
    `      ${saved.size} rows under ${fences} leases; ${unsaved.length} repeated after ${repeats.size} of them`,
  );
}
