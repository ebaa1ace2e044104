import { expect } from 'chai';
import { type Db } from '../../../db/server/connection.ts';
import { BLOCK, countAhead, DAY_MS, findGaps, periodStart, WEEK_MS } from '../../../db/partitions/plan.ts';
import { readPartitionState } from '../../../db/partitions/state.ts';
import { keepPartitions, partitionStatus } from '../../../db/partitions/partitions.ts';
import {
  addDelivery,
  count,
  counts,
  idAt,
  later,
  leftovers,
  passUpTo,
  ranges,
  record,
  refusal,
  retentionDays,
  start,
  upkeepInChild,
  useFreshDatabase,
} from './support.ts';

describe('the plan of partitions', () => {
  it('fills gaps period by period, around existing partitions of any size', () => {
    const monday = Date.parse('2026-01-05T00:00:00Z');
    expect(periodStart('time', start.getTime())).to.equal(monday);
    const wanted = { from: monday, to: monday + 3 * WEEK_MS };
    expect(findGaps('time', [], wanted)).to.have.length(3);
    const existing = [{ from: monday + DAY_MS, to: monday + 2 * WEEK_MS }];
    expect(findGaps('time', existing, wanted)).to.deep.equal([
      { from: monday, to: monday + DAY_MS },
      { from: monday + 2 * WEEK_MS, to: monday + 3 * WEEK_MS },
    ]);
    expect(findGaps('id', [{ from: -Infinity, to: Infinity }], { from: 0, to: BLOCK })).to.deep.equal([]);
  });

  it('counts as ahead the periods that are covered without a gap after the current one', () => {
    const blocks = (...numbers: number[]) => numbers.map((n) => ({ from: n * BLOCK, to: (n + 1) * BLOCK }));
    expect(countAhead('id', [], 5)).to.equal(0);
    expect(countAhead('id', blocks(0), 5)).to.equal(0);
    expect(countAhead('id', blocks(1, 2), 5)).to.equal(0);
    expect(countAhead('id', blocks(0, 1, 2, 4), 5)).to.equal(2);
  });
});

describe('partition upkeep', () => {
  const database = useFreshDatabase();
  let db: Db;
  beforeEach(() => {
    db = database.db;
  });

  it('makes all partitions at its first round, and none at the next', async () => {
    const first = await keepPartitions(db, { now: start, retentionDays });
    expect(first.putOff).to.deep.equal([]);
    for (const { table, ahead, inDefault } of await partitionStatus(db, start)) {
      expect({ table, ahead, inDefault }).to.deep.equal({ table, ahead: 2, inDefault: 0 });
    }
    const weeks = await ranges(db, 'sync_deliveries');
    expect(weeks.map(({ name }) => name)).to.deep.equal([
      ...['sync_deliveries_20251201', 'sync_deliveries_20251208', 'sync_deliveries_20251215'],
      ...['sync_deliveries_20251222', 'sync_deliveries_20251229', 'sync_deliveries_20260105'],
      ...['sync_deliveries_20260112', 'sync_deliveries_20260119'],
    ]);
    expect((await ranges(db, 'sync_events')).map(({ from, to }) => [from / BLOCK, to / BLOCK])).to.deep.equal(
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    );
    const again = await keepPartitions(db, { now: start, retentionDays });
    expect(again).to.deep.include({ made: [], dropped: [], steppedTo: null, putOff: [] });
    expect(await leftovers(db)).to.deep.equal([]);
  });

  it('keeps what is younger than the retention and drops what is older, over sixteen weeks', async () => {
    const recorded: { id: number; at: Date }[] = [];
    for (let week = 0; week <= 16; week += 1) {
      const now = later(week * WEEK_MS);
      const upkeep = await keepPartitions(db, { now, retentionDays });
      expect(upkeep).to.deep.include({ putOff: [], held: [], moved: 0, closed: 0 });
      for (const { table, ahead, inDefault } of await partitionStatus(db, now)) {
        expect(ahead, table).to.be.at.least(2);
        expect(inDefault, table).to.equal(0);
      }
      const { partitions } = await readPartitionState(db, now);
      for (const [table, list] of partitions) expect(list.length, table).to.be.within(3, 10);
      for (const days of [0, 2, 5]) {
        const at = later(days * DAY_MS, now);
        recorded.push({ at, id: await record(db, at) });
      }
      const last = recorded.at(-1)?.id ?? 0;
      await passUpTo(db, { published: last, walked: last });
    }
    const now = later(16 * WEEK_MS);
    await keepPartitions(db, { now, retentionDays });
    const kept = new Set<number>(await db('sync_events').pluck('id'));
    for (const { id, at } of recorded) {
      const days = (now.getTime() - at.getTime()) / DAY_MS;
      if (days <= retentionDays) expect(kept.has(id), `${days} days`).to.equal(true);
      // The block that contains the limit stays complete.
      if (days > retentionDays + 14) expect(kept.has(id), `${days} days`).to.equal(false);
    }
    const ids = recorded.map(({ id }) => id);
    expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
    expect(await leftovers(db)).to.deep.equal([]);
  }).timeout(120_000);

  it('moves the rows of the default partition unchanged, and sync_events refuses changes before and after', async () => {
    for (let day = -30; day <= 0; day += 1) await record(db, later(day * DAY_MS));
    const rows = () => db('sync_events').orderBy('id').select('*');
    const before = { rows: await rows(), counts: await counts(db) };
    expect(await refusal(db('sync_events').del())).to.equal('TB003');
    const upkeep = await keepPartitions(db, { now: start, retentionDays, moveLimit: 10 });
    expect(upkeep.moved).to.equal(6 * 31);
    expect({ rows: await rows(), counts: await counts(db) }).to.deep.equal(before);
    for (const { table, inDefault } of await partitionStatus(db, start)) expect(inDefault, table).to.equal(0);
    const events = await ranges(db, 'sync_events');
    expect(events.slice(0, 4).map(({ from }) => from)).to.deep.equal([0, 11, 21, 31]);
    for (const table of ['sync_events', ...events.map(({ name }) => name)]) {
      if ((await count(db, table)) === 0) continue;
      expect(await refusal(db(table).del()), table).to.equal('TB003');
      expect(await refusal(db(table).update({ source: 'x' })), table).to.equal('TB003');
    }
    await db.raw(`insert into sync_events (id, event_id, event_type, entity_type, entity_key, source, payload)
      values (${9 * BLOCK}, gen_random_uuid(), 't', 'customer', 'k', 's', '{}')`);
    expect(await refusal(db('sync_events_default').del())).to.equal('TB003');
  });

  it('accepts times of events ahead of the clock, up to a limit', async () => {
    await addDelivery(db, { at: start, eventId: idAt(later(3 * WEEK_MS)), status: 'queued' });
    await addDelivery(db, { at: start, eventId: '9f0c2c52-5d0b-4c1e-9a54-7f8a1a1b2c3d', status: 'queued' });
    await keepPartitions(db, { now: start, retentionDays });
    expect((await ranges(db, 'sync_deliveries')).at(-1)?.name).to.equal('sync_deliveries_20260209');
    const status = (await partitionStatus(db, start)).find(({ table }) => table === 'sync_deliveries');
    expect(status).to.include({ ahead: 2, inDefault: 1 });
    await keepPartitions(db, { now: later(WEEK_MS), retentionDays });
    expect(await count(db, 'sync_deliveries')).to.equal(2);
  });

  it('keeps an event older than the oldest partition in the default partition', async () => {
    await keepPartitions(db, { now: start, retentionDays });
    const old = later(-60 * DAY_MS);
    await record(db, old);
    for (const weeks of [0, 1, 2]) await keepPartitions(db, { now: later(weeks * WEEK_MS), retentionDays });
    for (const table of ['sync_deliveries', 'inbound_event_ids', 'sync_intents', 'sync_attempts']) {
      expect(await count(db, `${table}_default`), table).to.equal(1);
      const [lowest] = await ranges(db, table);
      expect(lowest?.from, table).to.be.greaterThan(old.getTime());
    }
  });

  it('loses nothing when it is killed at any moment, and the next round continues from there', async () => {
    const old = later(-8 * WEEK_MS);
    await keepPartitions(db, { now: old, retentionDays });
    const dropped = await record(db, old);
    await addDelivery(db, { at: old, eventId: idAt(old), status: 'parked', inbound: '{}' });
    await keepPartitions(db, { now: later(-7 * WEEK_MS), retentionDays });
    const kept: number[] = [];
    for (let day = -20; day <= 0; day += 4) kept.push(await record(db, later(day * DAY_MS)));
    const last = kept.at(-1) ?? 0;
    await passUpTo(db, { published: last, walked: last });
    // In the order of a round; sync_deliveries is the fourth table from which partitions are
    // dropped.
    const places = [
      ...['sequence-locked', 'sequence-set', 'make', 'made', 'prepared', 'leftover-dropped', 'locked'],
      ...['attached', 'before-commit', 'moved', 'drop-locked', 'detached', 'dropped', 'closed@4'],
      ...['must-read', 'drop-locked', 'closed', 'detached', 'dropped', ''],
    ];
    for (const place of places) {
      expect(await upkeepInChild(database.url, start, place), place).to.equal(place !== '');
      const ids = (await db<{ id: number }>('sync_events').orderBy('id').select('id')).map(({ id }) => id);
      expect(ids.filter((id) => id !== dropped)).to.deep.equal(kept);
      for (const table of ['inbound_event_ids', 'sync_intents', 'sync_attempts', 'relay_batches']) {
        expect(await count(db, table), `${table} after ${place}`).to.be.within(kept.length, kept.length + 1);
      }
      const old = (await count(db, 'sync_deliveries')) - kept.length;
      expect([old, await count(db, 'closed_deliveries')].join()).to.equal(place === '' ? '0,1' : '2,0');
    }
    const rest = await keepPartitions(db, { now: start, retentionDays });
    expect(rest).to.deep.include({ made: [], dropped: [], moved: 0, putOff: [], held: [] });
    expect(await leftovers(db)).to.deep.equal([]);
    expect(await refusal(db('sync_events').del())).to.equal('TB003');
    expect(await count(db, 'sync_events')).to.equal(kept.length);
  }).timeout(120_000);
});
