import { expect } from 'chai';
import fc from 'fast-check';
import type { Db, Tx } from '../../../db/server/connection.ts';
import { explainChangesPage, type ChangesFrom } from '../../../db/events/customer-changes.ts';
import {
  decodePosition,
  encodePosition,
  snapshotText,
  type Position,
  type Snapshot,
} from '../../../lib/customers/change-position.ts';
import { presentPosition, readChanges } from '../../../lib/customers/changes.ts';
import { beginWithXid, drain, relayOn, createArrivals } from '../../relay/world.ts';
import { useDatabase } from '../../support/database.ts';
import { change, committed, create, createFollower, followFromNow, remove } from './change-followers.ts';

/** The rows that PostgreSQL looked at in sync_events. */
function rowsLookedAt(plan: string): number {
  const scans = [...plan.matchAll(/Scan using \S+ on (sync_events\S*) .*rows=([\d.]+)/g)];
  return Math.max(0, ...scans.map(([, , rows]) => Number(rows)));
}

/** Events of other kinds, as webhooks leave them on a busy day. */
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
    entity: null,
    limit: 100,
    scan: 5_000,
  };
}

describe('the changes of customers', () => {
  const database = useDatabase({ poolSize: 30 });

  it('come once each, in order, deletions included, in pages of any size', async () => {
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

  it('come from the position beside any change: exactly the changes after it', async () => {
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

  it('of a transaction that commits below ids already read come once it has committed', async () => {
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

  it('of a transaction above xmax of the snapshot, with an id below all that was read, are not missed', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    // "first" has the lower transaction id and the higher event ids; when it is read, "second" runs
    // and no snapshot lists it.
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

  it('cost no more rows for one answer than the limit, and the answer says that more follow', async () => {
    const { db } = database;
    const follower = await followFromNow(db);
    await writeManyEvents(db, 40);
    const id = await create(db);
    let answers = 0;
    // A transaction of another test on this server can open one window more; a window has an end.
    let ofWindow = 0;
    do {
      answers += 1;
      ofWindow = follower.position()?.window ? ofWindow + 1 : 1;
      if (ofWindow > 20) throw new Error('it does not come to an end');
    } while (await follower.step(10, 7));
    expect(answers).to.be.greaterThan(4);
    expect(follower.seen.map(({ customer }) => customer)).to.deep.equal([id]);
  });

  it('take no transaction id, so that followers only read from the database', async () => {
    // One statement in each transaction, as in the program: what PostgreSQL's age() counts from stays
    // the same within a transaction.
    const takesNone = <T>(read: (tx: Tx) => Promise<T>): Promise<T> =>
      database.db.transaction(async (tx) => {
        const answer = await read(tx);
        const { rows } = await tx.raw<{ rows: { xid: string | null }[] }>(
          'select pg_current_xact_id_if_assigned()::text as xid',
        );
        expect(rows).to.deep.equal([{ xid: null }]);
        return answer;
      });
    await takesNone((tx) => readChanges(tx, null, 100, { scan: 10_000 }));
    const present = await takesNone(presentPosition);
    await takesNone((tx) => readChanges(tx, present, 100, { scan: 10_000 }));
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

  it('cost little for a follower that is up to date: it reads hardly a row, however many there are', async () => {
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

  it('of an invented position are refused before the database is asked, or read like any other', async () => {
    const { db } = database;
    await create(db);
    const { place } = await presentPosition(db);
    const edges = [0, 1, 2, 3, 5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 52, 2 ** 53 - 1];
    const number = fc.oneof(fc.constantFrom(...edges), fc.nat(50), fc.maxSafeNat());
    const snapshot = fc
      .tuple(number, number, fc.array(fc.oneof(fc.nat(9), number), { maxLength: 3 }))
      .map(([xmin, xmax, running]): Snapshot => ({ xmin, xmax, running }));
    const window = fc.option(fc.record({ win: snapshot, lastId: number, settledTo: number }), { nil: null });
    const position = fc
      .tuple(
        snapshot,
        number,
        fc.record({ xid: number, id: number }),
        window,
        fc.array(number, { maxLength: 3 }),
      )
      .map(([seen, floor, next, open, late]): Position => {
        const lateFloors = seen.running.map((_, at) => late[at] ?? floor);
        return { place, seen, floor, lateFloors, next, window: open };
      });
    const edge: Position = {
      ...{ place, seen: { xmin: 2 ** 32, xmax: 2 ** 32, running: [] }, floor: 0, lateFloors: [] },
      ...{ next: { xid: 1, id: 1 }, window: null },
    };
    let read = 0;
    await fc.assert(
      fc.asyncProperty(position, async (made) => {
        const decoded = decodePosition(encodePosition(made));
        if (decoded === null) return;
        read += 1;
        const answer = await readChanges(db, decoded, 10);
        if (answer.outcome === 'read') decodePosition(encodePosition(answer.position));
      }),
      { numRuns: 1_500, examples: [[edge], [{ ...edge, seen: { xmin: 7, xmax: 2 ** 32, running: [] } }]] },
    );
    expect(read).to.be.greaterThan(20);
  });
});
