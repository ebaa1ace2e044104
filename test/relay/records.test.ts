import { expect } from 'chai';
import { readRefusedCounts } from '../../db/health/refused-counts.ts';
import { sayRefused } from '../../lib/health/refused.ts';
import { findEventAt, findPublications } from '../../db/relay/published.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { claimCursor } from '../../db/relay/cursor.ts';
import { WHOLE } from '../../db/relay/shards.ts';
import { explainPage } from '../../db/relay/page.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { sizeOfValue } from '../../lib/bus/value.ts';
import { sendPage } from '../../relay/send.ts';
import { newMessage } from '../lib/bus/contract.ts';
import { createArrivals, drain, relayOn, withWorld, writeEvent, writeEvents } from './world.ts';

describe('the figures of the relay', () => {
  it('say how far behind it is: the age of the oldest row that is not published', () =>
    withWorld(async ({ db, relay }) => {
      expect(await relay.secondsBehind()).to.equal(0);
      const write = `insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload, created_at)
        values (gen_random_uuid(), 'customer.linked', 'customer', 'customer:1', 'sql', '{}', :at::timestamptz)`;
      await db.raw(write, { at: new Date(Date.now() - 60_000) });
      await db.raw(write, { at: new Date() });
      expect(await relay.secondsBehind()).to.be.within(60, 120);
      // One round: the floors are still behind, the rows are above them, and delivered.
      await relay.runOnce();
      expect(await relay.secondsBehind()).to.equal(0);
    }));

  it('name the position at which each event was published', () =>
    withWorld(
      async ({ db, relay }) => {
        const ids = await writeEvents(db, 5);
        await drain(relay);
        for (const [offset, id] of ids.entries()) {
          const [place, ...more] = await findPublications(db, id);
          expect(place).to.include({ topic: 'sync.outbound', partition: 0, offset, fence: 1 });
          expect(more).to.deep.equal([]);
          expect(await findEventAt(db, { topic: 'sync.outbound', partition: 0, offset })).to.equal(id);
        }
        expect(await findPublications(db, 10_000)).to.deep.equal([]);
      },
      { pageSize: 2 },
    ));
});

describe('the save after a page', () => {
  it('does not wait for the disk, while every other commit on that connection does', () =>
    withWorld(async ({ db, relay }) => {
      const unflushed = async () => {
        const { rows } = await db.raw<{ rows: { waits: boolean; setting: string }[] }>(
          `select pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() as waits, current_setting('synchronous_commit') as setting`,
        );
        expect(rows[0]?.setting).to.equal('on');
        return rows[0]?.waits === true;
      };
      let late = 0;
      for (let n = 0; n < 20; n += 1) {
        await writeEvent(db);
        await relay.runOnce();
        // The server's own writer may flush in between, sometimes.
        if (await unflushed()) late += 1;
      }
      expect(late).to.be.at.least(1);
    }));
});

describe('a record that the bus refuses', () => {
  it('is parked, a notice on sync.dlq says why, and the relay continues', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const ids = await writeEvents(db, 3);
        const payload = JSON.stringify({ note: 'x'.repeat(3_000) });
        const poison = await writeEvent(db, { key: 'customer:9', payload });
        ids.push(...(await writeEvents(db, 3)));
        await drain(relay);
        const dlq = arrivals.all.filter(({ topic }) => topic === 'sync.dlq');
        expect(arrivals.ids().filter((id) => id !== dlq[0]?.syncEventId)).to.deep.equal(ids);
        expect(dlq.map(({ key }) => key)).to.deep.equal(['customer:9']);
        const { rows } = await db.raw<{ rows: { event_id: string }[] }>(
          'select event_id from sync_events where id = :poison',
          { poison },
        );
        const notice: unknown = JSON.parse(dlq[0]?.value ?? '');
        expect(notice).to.nested.include({
          event_type: 'delivery.parked',
          'parked.event_id': rows[0]?.event_id,
          'parked.target': 'sync.outbound',
          'parked.reason': 'record_refused',
        });
        const [counted] = await readRefusedCounts(db, new Date());
        expect(counted).to.include({ topic: 'sync.outbound', reason: 'record_refused', records: 1 });
        expect(counted?.detail).to.include({ event_id: rows[0]?.event_id });
        if (counted === undefined) return;
        expect(sayRefused(counted).says).to.include('Kafka refused 1 record for sync.outbound');
      },
      { pageSize: 10, maxValueBytes: 2_000 },
    ));

  it('leads to no second notice when it is itself a notice', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const note = 'x'.repeat(3_000);
        const parked = { event_id: '00000000-0000-7000-8000-000000000000', target: 'stripe', reason: note };
        await writeEvent(db, { type: 'delivery.parked', payload: JSON.stringify({ parked }) });
        const id = await writeEvent(db);
        await drain(relay);
        expect(arrivals.ids()).to.deep.equal([id]);
        expect(await relay.secondsBehind()).to.equal(0);
      },
      { maxValueBytes: 2_000 },
    ));

  it('is found among many in a few tries, and no other record is sent twice', async () => {
    const tries: number[] = [];
    const bus = createInProcessBus({ maxValueBytes: 100 });
    const counting: Bus = {
      ...bus,
      publish: (messages) => {
        tries.push(messages.length);
        return bus.publish(messages);
      },
    };
    const arrivals = await createArrivals(bus);
    const messages = Array.from({ length: 1_000 }, (_, n) =>
      newMessage('sync.outbound', n === 333 || n === 777 ? { value: 'x'.repeat(200) } : {}),
    );
    const sent = await sendPage(counting, messages, () => true);
    const good = messages.filter(({ value }) => sizeOfValue(value) < 100);
    expect(arrivals.all.map(({ eventId }) => eventId)).to.deep.equal(good.map(({ eventId }) => eventId));
    expect(sent?.refused.map(({ message }) => message)).to.deep.equal([messages[333], messages[777]]);
    expect(tries).to.have.length.below(50);
  });
});

const writeMany = (db: Db) =>
  db.raw(
    `insert into sync_events (event_id, event_type, entity_type, entity_key, version, source, payload)
     select gen_random_uuid(), 'customer.updated', 'customer', 'customer:' || n, 1, 'sql', '{}' from generate_series(1, 10000) n`,
  );

describe('reading a page', () => {
  // Two partitions and the default; statistics from before the first row, and fresh ones.
  for (const analyzed of [false, true]) {
    it(`follows the primary key from the lowest bound, ${analyzed ? 'with' : 'without'} statistics`, () =>
      withWorld(async ({ db, relay }) => {
        await db.raw('create table sync_events_a partition of sync_events for values from (0) to (2000)');
        await db.raw('create table sync_events_b partition of sync_events for values from (2000) to (9000)');
        if (!analyzed) await db.raw('analyze sync_events');
        await writeMany(db);
        if (analyzed) await db.raw('analyze sync_events');
        await drain(relay);
        const claimed = await claimCursor(db, { ...WHOLE, fence: 1, bus: 'in-process' });
        if (claimed === null) throw new Error('the cursor was not claimed');
        // Transactions of other databases on the server are in its snapshot too; this test does not
        // look for them.
        const cursor = { ...claimed, lateFloors: '{}' };
        const first = { ...cursor, seen: '1:1:', floor: 0 };
        const middle = { ...first, win: cursor.seen, lastId: 5_000 };
        for (const [from, examined] of [
          [cursor, 0],
          [first, 0],
          [middle, 0],
          // A late transaction has ended: it is read once, from its floor on.
          [{ ...cursor, lateFloors: '{"3": 9500}' }, 500],
        ] as const) {
          const plan = await explainPage(db, from, 100);
          expect(plan).to.not.match(/Seq Scan on sync_events_(a|b|default)/);
          expect(plan).to.not.match(/Bitmap/);
          const removed = [...plan.matchAll(/Rows Removed by Filter: (\d+)/g)].map(([, count]) =>
            Number(count),
          );
          expect(
            removed.reduce((a, b) => a + b, 0),
            plan,
          ).to.equal(examined);
          for (const shards of [2, 4]) {
            const ofShard = await explainPage(db, { ...from, shards, shard: 1 }, 100);
            expect(ofShard, ofShard).to.not.match(/Seq Scan on sync_events_(a|b|default)|Bitmap/);
            expect(ofShard, 'no row is read for another page').to.not.contain('Sort Method');
          }
        }
      }));
  }

  it('is planned once, and not for each page, as is the save of the cursor', () =>
    withWorld(async ({ url, arrivals }) => {
      const db = createDb({ url, poolSize: 1, applicationName: 'test' });
      const relay = relayOn(db, arrivals.bus, { pageSize: 10 });
      await writeMany(db);
      await db.raw('analyze sync_events');
      await relay.runOnce();
      for (let n = 0; n < 20; n += 1) await relay.runOnce();
      const { rows } = await db.raw<{ rows: { statement: string; calls: number; planned: number }[] }>(
        `select statement, (generic_plans + custom_plans)::integer as calls, custom_plans::integer as planned
         from pg_prepared_statements where generic_plans + custom_plans > 8`,
      );
      await relay.stop();
      await db.destroy();
      expect(rows).to.have.length.above(1);
      // PostgreSQL plans a statement for its values five times before it takes one plan for all.
      expect(rows.filter(({ planned }) => planned > 5)).to.deep.equal([]);
    }));
});
