import { expect } from 'chai';
import { type Db } from '../../../db/server/connection.ts';
import { BLOCK, WEEK_MS } from '../../../db/partitions/plan.ts';
import { keepPartitions } from '../../../db/partitions/partitions.ts';
import {
  addDelivery,
  count,
  idAt,
  later,
  passUpTo,
  record,
  retentionDays,
  start,
  useFreshDatabase,
} from './support.ts';

describe('retention by partition', () => {
  const database = useFreshDatabase();
  let db: Db;
  beforeEach(() => {
    db = database.db;
  });

  const now = later(8 * WEEK_MS);
  let last: number;

  beforeEach(async () => {
    await keepPartitions(db, { now: start, retentionDays });
    await record(db, start);
    last = await record(db, start);
    await keepPartitions(db, { now: later(WEEK_MS + 1), retentionDays });
  });

  it('goes on to the next block after a week, and ids only rise', async () => {
    expect(await record(db, later(WEEK_MS + 2))).to.equal(BLOCK);
    // No further id was drawn: a block is left only after it was used.
    const idle = await keepPartitions(db, { now: later(WEEK_MS + 3), retentionDays });
    expect(idle.steppedTo).to.equal(null);
    const used = await keepPartitions(db, { now: later(3 * WEEK_MS), retentionDays });
    expect(used.steppedTo).to.equal(2 * BLOCK);
    const empty = await keepPartitions(db, { now: later(5 * WEEK_MS), retentionDays });
    expect(empty.steppedTo).to.equal(null);
  });

  it('keeps events that the relay has not published', async () => {
    const upkeep = await keepPartitions(db, { now, retentionDays });
    expect(upkeep.held).to.include('sync_events_0').and.to.include('sync_deliveries_20260105');
    await passUpTo(db, { published: last - 1 });
    expect((await keepPartitions(db, { now, retentionDays })).held).to.include('sync_events_0');
    expect(await count(db, 'sync_events')).to.equal(2);
    await passUpTo(db, { published: last });
    const next = await keepPartitions(db, { now, retentionDays });
    expect(next.held).to.deep.equal([]);
    expect(next.dropped).to.include('sync_events_0').and.to.include('sync_deliveries_20260105');
    expect(await count(db, 'sync_events')).to.equal(0);
  });

  it('keeps events that the gap walk of any connected system has not passed', async () => {
    await passUpTo(db, { published: last, walked: last });
    await db.raw(`insert into connections (system) values ('other')`);
    expect((await keepPartitions(db, { now, retentionDays })).held).to.include('sync_events_0');
    await db('walk_positions').insert({ name: 'receive-gap:other', position: last });
    expect((await keepPartitions(db, { now, retentionDays })).dropped).to.include('sync_events_0');
  });

  it('keeps a block whose last event is younger than the notes say', async () => {
    await db.raw(
      `insert into sync_events (id, event_id, event_type, entity_type, entity_key, source, payload, created_at)
         values (50, :id::uuid, 't', 'customer', 'k', 's', '{}', :at::timestamptz)`,
      { id: idAt(now), at: now },
    );
    await passUpTo(db, { published: BLOCK });
    expect((await keepPartitions(db, { now, retentionDays })).held).to.include('sync_events_0');
  });

  it('closes open deliveries with a row that says so; the mapping keeps its reason and has to read', async () => {
    await passUpTo(db, { published: last, walked: last });
    const mapping = { system: 'stripe', internal_id: 1, state: 'parked', reason: 'refused', dirty: 3 };
    const made = await db('external_mappings')
      .insert([mapping, { ...mapping, internal_id: 2, state: 'waiting', reason: 'duplicate_email' }])
      .returning('id');
    const [inbound, outbound] = made.map(({ id }: { id: number }) => id);
    const ids = [idAt(start), idAt(start)];
    const open = { at: start, status: 'parked' };
    await addDelivery(db, { ...open, eventId: ids[0], mapping_id: inbound, inbound: '{}' });
    await addDelivery(db, { ...open, eventId: ids[1], mapping_id: outbound });
    const upkeep = await keepPartitions(db, { now, retentionDays });
    expect(upkeep.closed).to.equal(2);
    type Closed = { event_id: string; status: string; reason: string; mapping_id: number };
    const closed = await db<Closed>('closed_deliveries').orderBy('mapping_id').select();
    expect(closed.map((row) => [row.event_id, row.status, row.reason, row.mapping_id])).to.deep.equal([
      [ids[0], 'parked', 'retention', inbound],
      [ids[1], 'parked', 'retention', outbound],
    ]);
    type Mapping = { state: string; reason: string; must_read: boolean; dirty: number };
    const mappings = await db<Mapping>('external_mappings').orderBy('id').select();
    expect(mappings.map((m) => [m.state, m.reason, m.must_read, m.dirty])).to.deep.equal([
      ['parked', 'refused', true, 3],
      ['waiting', 'duplicate_email', false, 3],
    ]);
  });
});
