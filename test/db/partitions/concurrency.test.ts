import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import { insertCustomer } from '../../support/customers.ts';
import { BLOCK, DAY_MS, WEEK_MS } from '../../../db/partitions/plan.ts';
import { keepPartitions, partitionStatus } from '../../../db/partitions/partitions.ts';
import { claimCursor, saveCursor, type Cursor } from '../../../db/relay/cursor.ts';
import { WHOLE } from '../../../db/relay/shards.ts';
import { readPage } from '../../../db/relay/page.ts';
import { createCursor } from '../../../db/relay/identity.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { newEventId } from '../../../lib/uuid.ts';
import {
  addDelivery,
  count,
  counts,
  eventSql,
  idAt,
  later,
  leftovers,
  record,
  retentionDays,
  start,
  useFreshDatabase,
} from './support.ts';

describe('partition upkeep beside other transactions', () => {
  const database = useFreshDatabase();
  let db: Db;
  beforeEach(() => {
    db = database.db;
  });

  it('attaches under running writers: the relay misses no event, and no writer is refused or blocked for long', async () => {
    const writers = createDb({ url: database.url, poolSize: 8, applicationName: 'writers' });
    const stop = new AbortController();
    let longest = 0;
    const written: number[] = [];
    const write = async (n: number) => {
      for (let serial = 0; !stop.signal.aborted; serial += 1) {
        const eventId = newEventId(start);
        const from = performance.now();
        const { lastEventId } = await insertCustomer(
          writers,
          { name: 'A', email: `w${n}-${serial}@example.com` },
          { eventId, source: 'internal', context: {}, now: start },
        );
        await addDelivery(writers, { at: start, eventId, status: 'applied' });
        longest = Math.max(longest, performance.now() - from);
        written.push(lastEventId);
      }
    };
    const delivered: number[] = [];
    await createCursor(db, 'here');
    let cursor = await claimCursor(db, { ...WHOLE, fence: 1, bus: 'test' });
    const follow = async () => {
      const from: Cursor | null = cursor;
      if (from === null) throw new Error('the cursor is gone');
      const page = await readPage(db, from, 100);
      delivered.push(...page.rows.map(({ id }) => id));
      const closed = page.rows.length < 100;
      cursor = await saveCursor(db, {
        ...{
          ...WHOLE,
          fence: 1,
          seen: from.seen,
          lateFloors: from.lateFloors,
          win: page.win,
          closed,
          lastId: page.rows.at(-1)?.id ?? from.lastId,
        },
        ...{ sequence: page.sequence, published: 0, unrouted: 0, batches: [], refused: [], now: start },
      });
      return page.rows.length;
    };
    // The relay goes on until each writer has ended: a page that is empty while a writer's last
    // transaction is open says nothing of the event in it.
    const ended = new AbortController();
    const relay = (async () => {
      while (!ended.signal.aborted || (await follow()) > 0) await follow();
    })();
    const work = [0, 1, 2, 3, 4, 5].map(write);
    try {
      await waitUntil(() => written.length >= 300, { timeoutMs: 30_000, what: '300 customers' });
      // In blocks, so that events are moved several times while more arrive in the default
      // partition.
      let moved = 0;
      for (let round = 0; round < 4; round += 1) {
        const upkeep = await keepPartitions(db, { now: start, retentionDays, moveLimit: 100 });
        moved += upkeep.moved;
      }
      expect(moved).to.be.greaterThan(300);
    } finally {
      stop.abort();
      await Promise.all(work).finally(() => ended.abort());
      await relay;
      await writers.destroy();
    }
    for (const { table, inDefault } of await partitionStatus(db, start)) expect(inDefault, table).to.equal(0);
    expect(delivered.toSorted((a, b) => a - b)).to.deep.equal(written.toSorted((a, b) => a - b));
    expect(await count(db, 'sync_deliveries')).to.equal(written.length);
    expect(longest).to.be.lessThan(2_000);
  });

  it('gives way to a long transaction and retries', async () => {
    await keepPartitions(db, { now: start, retentionDays });
    const blocker = await db.transaction();
    await blocker.raw('select count(*) from sync_deliveries');
    const now = later(WEEK_MS);
    const from = performance.now();
    const upkeep = await keepPartitions(db, { now, retentionDays });
    expect(performance.now() - from).to.be.lessThan(3_000);
    expect(upkeep.putOff).to.include('sync_deliveries');
    expect(upkeep.made).to.include('sync_intents_20260126');
    await blocker.rollback();
    const next = await keepPartitions(db, { now, retentionDays });
    expect(next).to.deep.include({ made: ['sync_deliveries_20260126'], putOff: [] });
    expect(await leftovers(db)).to.deep.equal([]);
  });

  it('leaves a partition alone that was detached by hand', async () => {
    await keepPartitions(db, { now: start, retentionDays });
    await record(db, start);
    await db.raw('alter table sync_deliveries detach partition sync_deliveries_20260105');
    const upkeep = await keepPartitions(db, { now: start, retentionDays });
    expect(upkeep.made).to.deep.equal(['sync_deliveries_20260105_2']);
    expect(await count(db, 'sync_deliveries_20260105')).to.equal(1);
  });

  it('does everything once when several processes run it at once', async () => {
    for (let day = -20; day <= 0; day += 1) await record(db, later(day * DAY_MS));
    const before = await counts(db);
    const all = [];
    for (let week = 0; week < 3; week += 1) {
      const now = later(week * WEEK_MS);
      for (let n = 0; n < 4; n += 1) {
        const round = [1, 2, 3, 4].map(() => keepPartitions(db, { now, retentionDays, moveLimit: 5 }));
        all.push(...(await Promise.all(round)));
      }
      expect(await partitionStatus(db, now)).to.have.length(7);
      for (const { table, ahead } of await partitionStatus(db, now)) expect(ahead, table).to.equal(2);
    }
    const made = all.flatMap((upkeep) => upkeep.made);
    expect(made).to.deep.equal([...new Set(made)]);
    expect(await counts(db)).to.deep.equal(before);
    expect(await leftovers(db)).to.deep.equal([]);
  });

  describe('the step to the next block', () => {
    it('waits for each transaction that has drawn an id and is not finished', async () => {
      await keepPartitions(db, { now: start, retentionDays });
      const writer = await db.transaction();
      await writer.raw(eventSql, { eventId: idAt(start), at: start });
      const now = later(WEEK_MS);
      const upkeep = await keepPartitions(db, { now, retentionDays });
      expect(upkeep).to.deep.include({ steppedTo: null });
      expect(upkeep.putOff).to.include('sync_event_ids');
      await writer.raw(eventSql, { eventId: idAt(start), at: start });
      await writer.commit();
      expect((await keepPartitions(db, { now, retentionDays })).steppedTo).to.equal(BLOCK);
      expect(await db('sync_events').orderBy('id').pluck('id')).to.deep.equal([1, 2]);
    });

    it('never gives an id twice or below one that was drawn before, under load', async () => {
      await keepPartitions(db, { now: start, retentionDays });
      const stop = new AbortController();
      const drawn: number[][] = [];
      const draw = async () => {
        const own: number[] = [];
        drawn.push(own);
        while (!stop.signal.aborted) {
          await withTransaction(db, async (tx) => {
            for (let n = 0; n < 3; n += 1) {
              const { rows } = await tx.raw<{ rows: { id: number }[] }>('select next_sync_event_id() as id');
              own.push(rows[0]?.id ?? 0);
            }
          });
        }
      };
      const drawers = [1, 2, 3, 4, 5, 6].map(draw);
      const steps: (number | null)[] = [];
      for (let week = 1; week <= 8; week += 1) {
        const now = later(week * WEEK_MS);
        await waitUntil(() => drawn.every((own) => own.length > week * 10), {
          timeoutMs: 30_000,
          what: 'more ids',
        });
        for (let tries = 0; tries < 20; tries += 1) {
          const { steppedTo } = await keepPartitions(db, { now, retentionDays });
          if (steppedTo === null) continue;
          steps.push(steppedTo);
          break;
        }
      }
      stop.abort();
      await Promise.all(drawers);
      expect(steps).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n * BLOCK));
      for (const own of drawn) expect(own).to.deep.equal(own.toSorted((a, b) => a - b));
      const all = drawn.flat();
      expect(new Set(all).size).to.equal(all.length);
    });
  });
});
