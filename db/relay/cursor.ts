// The relay's cursor: who has it, and the save after a page (docs/relay.md).
import type { Db, Tx } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';
import { addToCount } from '../health/refused-counts.ts';
import { writeNumbered } from '../sequences/taken-numbers.ts';
import type { Shard } from './shards.ts';

/** Snapshots and floors stay in the database's own text form. */
export type Cursor = Shard & {
  seen: string;
  /** The open window, or null. */
  win: string | null;
  lastId: number;
  floor: number;
  /** JSON: xid running in `seen` -> floor. */
  lateFloors: string;
  /** Ids up to this have xids of another cluster; null except in the first window after a move. */
  restoredTo: number | null;
  fence: number;
};

const cursorColumns = `shard, shards, seen::text, win::text, last_id, floor, late_floors::text, restored_to, fence`;

type CursorRow = Shard & {
  seen: string;
  win: string | null;
  last_id: number;
  floor: number;
  late_floors: string;
  restored_to: number | null;
  fence: number;
};

// All cursors at once: two processes with different buses must not bind one each.
const bindSql = `update relay_cursor set bus = :bus where bus is null`;

const claimSql = `
update relay_cursor set fence = :fence where shard = :shard and shards = :shards and fence <= :fence and bus = :bus
returning ${cursorColumns}`;

/**
 * After this no older fence can save. Null if the bus, a newer fence or another number of shards forbids the
 * claim.
 */
export async function claimCursor(
  db: Db,
  claim: Shard & { fence: number; bus: string },
): Promise<Cursor | null> {
  await db.raw(bindSql, { bus: claim.bus });
  const { rows } = await db.raw<{ rows: CursorRow[] }>(claimSql, claim);
  return rows[0] ? toCursor(rows[0]) : null;
}

/** The events that went into one partition of one topic, and their offsets. */
export type Batch = {
  topic: string;
  partition: number;
  firstOffset: number;
  /** Ascending; the n-th lies at firstOffset + n. */
  ids: number[];
};

/** A record that the bus will never accept. */
export type Refused = {
  /** The event id of the notice. */
  eventId: string;
  syncEventId: number;
  parkedEventId: string;
  topic: string;
  reason: string;
  detail: Record<string, unknown>;
};

export type Save = Shard & {
  fence: number;
  /** As in the cursor with which the page was read: it may be ahead of the saved one (relay/save.ts). */
  seen: string;
  lateFloors: string;
  /** The window of this page. */
  win: string;
  /** No row of the window is left. */
  closed: boolean;
  lastId: number;
  /** As the page returned it: read before this save took its transaction id. */
  sequence: number;
  published: number;
  unrouted: number;
  batches: Batch[];
  refused: Refused[];
  now: Date;
};

// One transaction. If a crash of the server loses it, one page is published again, so it need not
// wait for the disk (the setting ends with it). The floors rise only here, when a window closes:
// this save takes its xid after "sequence" was read, and the next window's snapshot is taken after
// this save, so every xid at or above that snapshot's xmax draws ids above "sequence", even if the
// sequence is set back: relay_floor is raised before, and next_sync_event_id() draws above it.
const savedSql = `
with saved as (
  update relay_cursor c set
    seen = case when :closed then :win::pg_snapshot else :seen::pg_snapshot end,
    win = case when :closed then null else :win::pg_snapshot end,
    last_id = case when :closed then 0 else :lastId::bigint end,
    floor = case when :closed then c.pending_floor else c.floor end,
    pending_floor = case when :closed then greatest(c.pending_floor, :sequence) else c.pending_floor end,
    late_floors = case when :closed then (
      select coalesce(jsonb_object_agg(x::text, coalesce((:lateFloors::jsonb ->> x::text)::bigint, c.restored_to, c.floor)), '{}')
      from pg_snapshot_xip(:win::pg_snapshot) x) else :lateFloors::jsonb end,
    restored_to = case when :closed then null else c.restored_to end,
    published = c.published + :published, unrouted = c.unrouted + :unrouted, saved_at = clock_timestamp()
  where c.shard = :shard and c.shards = :shards and c.fence = :fence and (not :closed or raise_relay_floor(greatest(c.pending_floor, :sequence)))
  returning c.*
), noted as (
  insert into relay_batches (topic, partition, first_offset, first_id, last_id, count, ids, fence)
  select b.topic, b.partition, b.first_offset, b.ids[1], b.ids[cardinality(b.ids)], cardinality(b.ids), b.ids, s.fence
  from saved s, unnest(:topics::text[], :partitions::integer[], :offsets::bigint[], :ids::text[]) t(topic, partition, first_offset, text),
    lateral (select t.topic, t.partition, t.first_offset, t.text::bigint[] as ids) b
)`;

// Only where a record was refused: to make a write of sync_events ready is a sixth of the cost of a save.
const refusedSql = `, parked as (
  insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, source, payload, context, created_at)
  select r.event_id, 'delivery.parked', e.entity_type, e.entity_id, e.entity_key, e.source, r.payload, e.context, :now::timestamptz
  from saved s, jsonb_to_recordset(:refused::jsonb) r(event_id uuid, id bigint, payload jsonb) join sync_events e on e.id = r.id
), counted as (
  insert into refused_records (topic, reason, records, first_at, last_at, detail)
  select r.topic, r.reason, count(*), :now::timestamptz, :now::timestamptz, (array_agg(r.detail order by r.id desc))[1]
  from saved s, jsonb_to_recordset(:refused::jsonb) r(id bigint, topic text, reason text, detail jsonb)
  group by 1, 2 order by 1, 2
  ${addToCount}
)`;

const endSql = `
select ${cursorColumns}, set_config('synchronous_commit', 'off', true) from saved`;

/**
 * The cursor behind a window that is closed without a save. The floors stay where they are, which is always
 * right: they only bound the search. A transaction that runs in `win` for the first time draws ids above the
 * floor of this window, as every one that the window could show.
 */
export function passWindow(cursor: Cursor, win: string): Cursor {
  const before = JSON.parse(cursor.lateFloors) as Record<string, number>;
  const running = (win.split(':')[2] ?? '').split(',').filter((xid) => xid !== '');
  const lateFloors = Object.fromEntries(running.map((xid) => [xid, before[xid] ?? cursor.floor]));
  return { ...cursor, seen: win, win: null, lastId: 0, lateFloors: JSON.stringify(lateFloors) };
}

/** Null if the cursor belongs to a later fence: then nothing was written. */
export async function saveCursor(db: Db | Tx, save: Save): Promise<Cursor | null> {
  const { batches, refused, now, ...rest } = save;
  const plain = { ...rest, ...toColumns(batches) };
  const isPlain = refused.length === 0;
  const bindings = isPlain ? plain : { ...plain, now, refused: JSON.stringify(refused.map(toNotice)) };
  const sql = `${savedSql}${isPlain ? '' : refusedSql}${endSql}`;
  const { rows } = await writeNumbered(db, (at) => runPrepared<{ rows: CursorRow[] }>(at, sql, bindings));
  return rows[0] ? toCursor(rows[0]) : null;
}

/** In the form of the columns of unnest(). */
export function toColumns(batches: readonly Batch[]) {
  return {
    topics: batches.map(({ topic }) => topic),
    partitions: batches.map(({ partition }) => partition),
    offsets: batches.map(({ firstOffset }) => firstOffset),
    ids: batches.map(({ ids }) => `{${ids.join(',')}}`),
  };
}

function toNotice({ eventId, syncEventId, parkedEventId, topic, reason, detail }: Refused) {
  return {
    event_id: eventId,
    id: syncEventId,
    topic,
    reason,
    detail: { ...detail, event_id: parkedEventId },
    payload: { parked: { event_id: parkedEventId, target: topic, reason, detail } },
  };
}

function toCursor(row: CursorRow): Cursor {
  return {
    shard: row.shard,
    shards: row.shards,
    seen: row.seen,
    win: row.win,
    lastId: row.last_id,
    floor: row.floor,
    lateFloors: row.late_floors,
    restoredTo: row.restored_to,
    fence: row.fence,
  };
}
