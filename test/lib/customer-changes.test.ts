import { expect } from 'chai';
import fc from 'fast-check';
import type { Db } from '../../db/connection.ts';
import { explainChangesPage, readChangesPage, type ChangesFrom } from '../../db/customer-changes.ts';
import { snapshotText, type Position } from '../../lib/change-position.ts';
import { presentPosition, readChanges } from '../../lib/customer-changes.ts';
import { beginWithXid, drain, relayOn, createArrivals } from '../relay/world.ts';
import { createCustomers, startWriters } from '../relay/writers.ts';
import { useDatabase } from '../support/database.ts';
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

/** The rows that PostgreSQL looked at in sync_events. */
function rowsLookedAt(plan: string): number {
  const scans = [...plan.matchAll(/Scan using \S+ on (sync_events\S*) .*rows=([\d.]+)/g)];
  return Math.max(0, ...scans.map(([, , rows]) => Number(rows)));
}

/** Of other kinds, as the webhooks of a busy day leave them. */
async function writeManyEvents(db: Db, count: number): Promise<void> {
  await db.raw(
    `insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload)
     select gen_random_uuid(), 'stripe.customer.updated', 'customer', 'stripe:' || n, 'stripe', '{}' from generate_series(1, :count) n`,
    { count },
  );
}

function asked(position: Position): ChangesFrom {
  const { seen, floor } = position;
  const lateFloors = Object.fromEntries(seen.running.map((xid, at) => [xid, position.lateFloors[at] ?? 0]));
  return {
    seen: snapshotText(seen),
    win: null,
    lastId: 0,
    floor,
    lateFloors,
    settledTo: 0,
    limit: 100,
    scan: 5_000,
  };
}

function expectRising(seen: Seen[]): void {
  const last = new Map<number, number>();
  for (const { customer, version } of seen) {
    expect(version, `customer ${customer}`).to.be.greaterThan(last.get(customer) ?? 0);
    last.set(customer, version);
  }
}

describe('the changes of customers', () => {
  const database = useDatabase({ poolSize: 30 });

  it('come each once, in order, deletions included, in pages of any size', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    const id = await create(db);
    await change(db, id);
    await remove(db, id);
    const other = await create(db);
    await follower.drain(1);
    expect(follower.seen.map(({ customer, version, type }) => [customer, version, type])).to.deep.equal([
      [id, 1, 'created'],
      [id, 2, 'updated'],
      [id, 3, 'deleted'],
      [other, 1, 'created'],
    ]);
    expect(await follower.drain()).to.deep.equal([]);
  });

  it('come from any position that stood beside a change: exactly what followed it', async () => {
    const { db } = database;
    const start = await presentPosition(db);
    for (let n = 0; n < 7; n += 1) await create(db);
    const whole = await readChanges(db, start, 5);
    if (whole.outcome !== 'read') throw new Error('refused');
    expect(whole.changes).to.have.length(5);
    for (const [at, { position }] of whole.changes.entries()) {
      const rest = createFollower(db, position);
      await rest.drain(2);
      expect(rest.seen, `behind change ${at}`).to.have.length(7 - at - 1);
    }
  });

  it('of a transaction that commits below ids already read come as soon as it has', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    const late = await db.transaction();
    const lateId = await create(late);
    const ids = [await create(db), await create(db)];
    expect((await follower.drain()).map(({ customer }) => customer)).to.deep.equal(ids);
    for (let n = 0; n < 20; n += 1) {
      ids.push(await create(db));
      await follower.drain();
    }
    await late.commit();
    expect((await follower.drain()).map(({ customer }) => customer)).to.deep.equal([lateId]);
    expect(await follower.drain()).to.deep.equal([]);
  });

  it('of a transaction above xmax of the snapshot, with an id below all that was read, come all the same', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    // "first" has the lower transaction id and the higher event ids; when it is read, "second" runs and is listed nowhere.
    const first = await beginWithXid(db);
    const second = await beginWithXid(db);
    const hidden = await create(second);
    const shown = [await create(first), await create(first), await create(first)];
    await first.commit();
    expect((await follower.drain(2)).map(({ customer }) => customer)).to.deep.equal(shown);
    await follower.drain();
    await second.commit();
    expect((await follower.drain()).map(({ customer }) => customer)).to.deep.equal([hidden]);
  });

  it('of a transaction that rolled back never come', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    const undone = await db.transaction();
    await create(undone);
    await follower.drain();
    await undone.rollback();
    const id = await create(db);
    expect((await follower.drain()).map(({ customer }) => customer)).to.deep.equal([id]);
  });

  it('never look at more rows for one answer than they may, and say that there is more', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    await writeManyEvents(db, 40);
    const id = await create(db);
    let answers = 0;
    do {
      answers += 1;
      if (answers > 20) throw new Error('it does not come to an end');
    } while (await follower.step(10, 7));
    expect(answers).to.be.greaterThan(4);
    expect(follower.seen.map(({ customer }) => customer)).to.deep.equal([id]);
  });

  it('take no transaction id, so that followers cost the database nothing but reading', async () => {
    const { db } = database;
    const next = async () => (await readChangesPage(db, asked(await presentPosition(db)))).nextXid;
    const before = await next();
    const follower = createFollower(db);
    await follower.drain();
    await follower.step();
    expect(await next()).to.equal(before);
  });

  it('from the oldest on are all that are kept, also while a relay has its floors and transactions run', async () => {
    const { db } = database;
    const { bus } = await createArrivals();
    const relay = relayOn(db, bus);
    const open = await beginWithXid(db);
    const late = await create(open);
    await create(db);
    await drain(relay);
    await create(db);
    await drain(relay);
    const follower = createFollower(db);
    while (await follower.step(3));
    expect(follower.seen).to.have.deep.members(await committed(db));
    await open.commit();
    expect((await follower.drain()).map(({ customer }) => customer)).to.deep.equal([late]);
    expect(follower.seen).to.have.deep.members(await committed(db));
    await relay.stop();
  });

  it('cost what is returned: a follower that is up to date looks at hardly a row, however many there are', async () => {
    const { db } = database;
    const long = await beginWithXid(db);
    const follower = await followFromNow(db);
    await writeManyEvents(db, 60_000);
    await db.raw('analyze sync_events');
    await follower.drain();
    await create(db);
    await follower.drain();
    await follower.drain();
    const position = follower.position();
    if (!position) throw new Error('no position');
    const plan = await explainChangesPage(db, asked(position));
    await long.rollback();
    expect(rowsLookedAt(plan), plan).to.be.lessThan(5);
    expect(plan, plan).not.to.match(/Seq Scan on sync_events/);
  });
});

describe('the changes of customers, whatever transactions and readings do', () => {
  const database = useDatabase({ poolSize: 30 });

  type Turn =
    | { do: 'begin'; early: boolean }
    | { do: 'create' | 'change' | 'remove' | 'commit' | 'rollback' | 'kill'; which: number; row: number }
    | { do: 'read'; which: number; limit: number; scan: number }
    | { do: 'follow' };

  const turn: fc.Arbitrary<Turn> = fc.oneof(
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

  it('come each exactly once, with rising versions, for every interleaving of transactions and readings', async function () {
    this.timeout(120_000);
    const { db } = database;
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 10, maxLength: 60 }), async (turns) => {
        await play(turns);
      }),
      { numRuns: 60 },
    );

    async function play(turns: Turn[]): Promise<void> {
      type Open = { tx: Awaited<ReturnType<typeof beginWithXid>>; locked: number[]; dead?: boolean };
      const open: Open[] = [];
      const rows: number[] = [await create(db), await create(db)];
      const followers = [
        { follower: await followFromNow(db), before: new Set(versionsOf(await committed(db))) },
      ];
      const lockedRows = () => new Set(open.flatMap(({ locked }) => locked));
      for (const each of turns) {
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

describe('the changes of customers, with writers at work', () => {
  const database = useDatabase({ poolSize: 30 });

  it('come all while eight writers overlap, roll back and straggle, and each follower reads in pages of its own', async () => {
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
