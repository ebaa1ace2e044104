// Random interleavings of transactions and readings; a failure that a seed finds gets a named test
// in changes.test.ts.
import { expect } from 'chai';
import fc from 'fast-check';
import { beginWithXid } from '../../relay/world.ts';
import { createCustomers, startWriters } from '../../relay/writers.ts';
import { useDatabase } from '../../support/database.ts';
import {
  change,
  committed,
  create,
  createFollower,
  followFromNow,
  remove,
  type Seen,
} from './change-followers.ts';

const versionsOf = (seen: Seen[]) => seen.map(({ customer, version }) => `${customer}.${version}`);

function expectRising(seen: Seen[]): void {
  const last = new Map<number, number>();
  for (const { customer, version } of seen) {
    expect(version, `customer ${customer}`).to.be.greaterThan(last.get(customer) ?? 0);
    last.set(customer, version);
  }
}

describe('the changes of customers in random histories', () => {
  const database = useDatabase({ poolSize: 30 });

  type Move =
    | { do: 'begin'; early: boolean }
    | { do: 'create' | 'change' | 'remove' | 'commit' | 'rollback' | 'kill'; which: number; row: number }
    | { do: 'read'; which: number; limit: number; scan: number }
    | { do: 'follow' };

  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('begin' as const), early: fc.boolean() }) },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'create' as const,
          'create' as const,
          'change' as const,
          'remove' as const,
          'commit' as const,
          'rollback' as const,
          'kill' as const,
        ),
        which: fc.nat(5),
        row: fc.nat(100),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        which: fc.nat(4),
        limit: fc.integer({ min: 1, max: 4 }),
        scan: fc.integer({ min: 4, max: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('follow' as const) }) },
  );

  it('come exactly once each, with rising versions, for every interleaving of transactions and readings', async function () {
    this.timeout(120_000);
    const { db } = database;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 60 }), async (moves) => {
        await play(moves);
      }),
      { numRuns: 30 },
    );

    async function play(moves: Move[]): Promise<void> {
      type Open = { tx: Awaited<ReturnType<typeof beginWithXid>>; locked: number[]; dead?: boolean };
      const open: Open[] = [];
      const rows: number[] = [await create(db), await create(db)];
      const followers = [
        { follower: await followFromNow(db), before: new Set(versionsOf(await committed(db))) },
      ];
      const lockedRows = () => new Set(open.flatMap(({ locked }) => locked));
      for (const each of moves) {
        if (each.do === 'begin') {
          if (open.length < 5)
            open.push({ tx: each.early ? await beginWithXid(db) : await db.transaction(), locked: [] });
        } else if (each.do === 'follow') {
          const before = new Set(versionsOf(await committed(db)));
          followers.push({ follower: await followFromNow(db), before });
        } else if (each.do === 'read') {
          await followers[each.which % followers.length]?.follower.step(each.limit, each.scan);
        } else {
          const at = open.length === 0 ? -1 : (each.which % (open.length + 1)) - 1;
          const writer = open[at];
          const free = rows.filter((row) => !lockedRows().has(row) || writer?.locked.includes(row));
          const row = free[each.row % Math.max(1, free.length)];
          if (each.do === 'create') {
            const id = await create(writer?.tx ?? db);
            if (writer) writer.locked.push(id);
            else rows.push(id);
          } else if (each.do === 'change' || each.do === 'remove') {
            if (row === undefined) continue;
            await (each.do === 'change' ? change : remove)(writer?.tx ?? db, row);
            writer?.locked.push(row);
          } else if (writer) {
            open.splice(at, 1);
            if (each.do === 'commit') {
              await writer.tx.commit();
              rows.push(...writer.locked.filter((id) => !rows.includes(id)));
            } else if (each.do === 'kill') await kill(writer.tx);
            else await writer.tx.rollback();
          }
        }
      }
      await Promise.all(open.map(({ tx }, at) => (at % 2 ? tx.commit() : tx.rollback())));
      const all = await committed(db);
      for (const { follower, before } of followers) {
        await follower.drain(3, 5);
        const missed = all.filter((one) => !before.has(`${one.customer}.${one.version}`));
        expect(follower.seen.toSorted((a, b) => a.id - b.id)).to.deep.equal(missed);
        expectRising(follower.seen);
      }
    }

    /** The server ends the writer's process, as it would in a crash; its transaction never commits. */
    async function kill(tx: Awaited<ReturnType<typeof beginWithXid>>): Promise<void> {
      const { rows } = await tx.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid');
      const gone = tx.executionPromise.catch((error: unknown) => error);
      await db.raw('select pg_terminate_backend(?, 5000)', [rows[0]?.pid ?? 0]);
      await tx.rollback().catch((error: unknown) => error);
      await gone;
    }
  });
});

describe('the changes of customers while writers are at work', () => {
  const database = useDatabase({ poolSize: 30 });

  it('all come while eight writers overlap, roll back and delay, and each follower reads in pages of its own size', async () => {
    const { db } = database;
    const followers = [1, 7, 1_000].map((limit) => ({ limit, follower: createFollower(db) }));
    await createCustomers(db, 300);
    const writers = startWriters(db, { concurrency: 8, target: 800, shared: 100, stragglerMs: 150 });
    let writing = true;
    const finished = writers.finish().then(() => (writing = false));
    const isWriting = (): boolean => writing;
    await Promise.all(
      followers.map(async ({ limit, follower }) => {
        while (isWriting()) await follower.step(limit);
        await follower.drain(1_000);
      }),
    );
    await finished;
    const all = await committed(db);
    for (const { limit, follower } of followers) {
      await follower.drain(1_000);
      expect(follower.seen.length, `pages of ${limit}`).to.equal(all.length);
      expect(follower.seen.toSorted((a, b) => a.id - b.id)).to.deep.equal(all);
      expectRising(follower.seen);
    }
  });
});
