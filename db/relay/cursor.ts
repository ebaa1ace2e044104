// The relay's cursor: the rows still to be delivered, and the save after a page (docs/relay.md).
import type { Db, Tx } from '../server/connection.ts';
import { DbError } from '../server/errors.ts';
import { runPrepared } from '../server/prepared.ts';
import { addToCount } from '../health/refused-counts.ts';
import { writeNumbered } from '../sequences/taken-numbers.ts';

/** Snapshots and floors stay in the database's own text form: no code computes with them. */
export type Cursor = {
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

/** A row of sync_events, in the form that lib/events/envelope.ts needs. */
export type PageRow = {
  id: number;
  eventId: string;
  eventType: string;
  entityKey: string;
  version: number | null;
  source: string;
  payload: string;
  createdAt: number;
  trace: string | null;
};

export type Page = {
  rows: PageRow[];
  win: string;
  /** The newest id drawn, read before this page's save. */
  sequence: number;
};

const cursorColumns = `seen::text, win::text, last_id, floor, late_floors::text, restored_to, fence`;

type CursorRow = {
  seen: string;
  win: string | null;
  last_id: number;
  floor: number;
  late_floors: string;
  restored_to: number | null;
  fence: number;
};

const claimSql = `
update relay_cursor set fence = :fence, bus = coalesce(bus, :bus)
where fence <= :fence and coalesce(bus, :bus) = :bus
returning ${cursorColumns}`;

/** After this no older fence can save. Null if the bus or a newer fence forbids the claim. */
export async function claimCursor(db: Db, claim: { fence: number; bus: string }): Promise<Cursor | null> {
  const { rows } = await db.raw<{ rows: CursorRow[] }>(claimSql, claim);
  return rows[0] ? toCursor(rows[0]) : null;
}

// The rows visible in "win" and not in "seen": of transactions at or above xmax(seen), with ids
// above the floor, and of transactions that were running in "seen" and have ended, with ids above
// the floor kept for each. One range scan from the lowest bound finds both in order of id. An id
// that was never drawn is no floor: last_value of an unused sequence is the first id to come.
const boundsSql = `
  select s.seen, s.win,
    greatest(:lastId::bigint, least(:floor::bigint, (
      select min(l.value::bigint) from jsonb_each_text(:lateFloors::jsonb) l where pg_visible_in_snapshot(l.key::xid8, s.win)))) as low,
    (select last_value - case when is_called then 0 else 1 end from sync_event_ids) as sequence
  from (select :seen::pg_snapshot as seen, coalesce(:win::pg_snapshot, pg_current_snapshot()) as win) s`;

const inWindow = `
      e.id > (select low from bounds)
      and (pg_visible_in_snapshot(e.xid, (select win from bounds)) or e.id <= :restoredTo::bigint)
      and not pg_visible_in_snapshot(e.xid, (select seen from bounds))`;

/** The columns of RawRow, for a row of sync_events with the alias `event`. */
export const pageColumns = (event: string): string => `
  ${event}.id, ${event}.event_id, ${event}.event_type, ${event}.entity_key, ${event}.version, ${event}.source, ${event}.payload::text,
  floor(extract(epoch from ${event}.created_at) * 1000)::bigint, ${event}.context ->> 'trace'`;

// The head row has the window and comes first; the rows follow by id.
const pageSql = `
with bounds as materialized (${boundsSql})
select null::bigint as id, null::uuid as event_id, null as event_type, null as entity_key, sequence as version, null as source,
  win::text as payload, null::bigint as created_at, null as trace
from bounds
union all (
  select ${pageColumns('e')}
  from sync_events e
  where ${inWindow}
  order by e.id
  limit :limit
)
order by id nulls first`;

/** PostgreSQL's plan after a run of the query. For tests, and to find out why it is slow. */
export async function explainPage(db: Db, cursor: Cursor, limit: number): Promise<string> {
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(
    `explain (analyze, costs off, timing off, summary off) ${pageSql}`,
    { ...windowOf(cursor), limit },
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** The next rows of the open window, or of a new one; fewer than `limit` are the window's last. */
export async function readPage(db: Db, cursor: Cursor, limit: number): Promise<Page> {
  // Rows as arrays: at 100,000 rows a second, the object for each row is made only once, below.
  const bindings = { ...windowOf(cursor), limit };
  const { rows } = await runPrepared<{ rows: RawRow[] }>(db, pageSql, bindings, { rowMode: 'array' });
  const head = rows[0];
  if (head === undefined) throw new Error('readPage: PostgreSQL answered no head row');
  return { win: head[6], sequence: head[4] ?? 0, rows: rows.slice(1).map(toPageRow) };
}

export type RawRow = [number, string, string, string, number | null, string, string, number, string | null];

/** The greatest time of JavaScript, before and after 1970. */
const FURTHEST_MS = 8.64e15;

export function toPageRow(row: RawRow): PageRow {
  const [id] = row;
  // Values that lib/events/envelope.ts cannot write: an impossible time, a payload of another type.
  if (Math.abs(row[7]) > FURTHEST_MS) throw new DbError('unreadable_row', `sync_events ${id} has no time`);
  if (!row[6].startsWith('{'))
    throw new DbError('unreadable_row', `the payload of sync_events ${id} is not an object`);
  return {
    id: row[0],
    eventId: row[1],
    eventType: row[2],
    entityKey: row[3],
    version: row[4],
    source: row[5],
    payload: row[6],
    createdAt: row[7],
    trace: row[8],
  };
}

function windowOf({ seen, win, lastId, floor, lateFloors, restoredTo }: Cursor) {
  return { seen, win, lastId, floor, lateFloors, restoredTo };
}

// The least of each row: its id and the event's name.
const idsSql = `
with bounds as materialized (${boundsSql})
select null::bigint as id, null::uuid as "eventId", sequence, win::text from bounds
union all (select e.id, e.event_id, null, null from sync_events e where ${inWindow} order by e.id limit :limit)
order by id nulls first`;

export type PageIds = { rows: { id: number; eventId: string }[]; win: string; sequence: number };

/** The page of readPage without its rows' content, for a page with a row that cannot be read. */
export async function readPageIds(db: Db, cursor: Cursor, limit: number): Promise<PageIds> {
  type Row = { id: number; eventId: string; sequence: number | null; win: string | null };
  const { rows } = await db.raw<{ rows: Row[] }>(idsSql, { ...windowOf(cursor), limit });
  const [head, ...page] = rows;
  if (head === undefined) throw new Error('readPageIds: PostgreSQL answered no head row');
  return {
    win: head.win ?? '',
    sequence: head.sequence ?? 0,
    rows: page.map(({ id, eventId }) => ({ id, eventId })),
  };
}

/** These rows, in order of id. */
export async function readPageRows(db: Db, ids: number[]): Promise<PageRow[]> {
  const { rows } = await db
    .raw<{
      rows: RawRow[];
    }>(`select ${pageColumns('e')} from sync_events e where e.id = any(:ids::bigint[]) order by e.id`, {
      ids,
    })
    .options({ rowMode: 'array' });
  return rows.map(toPageRow);
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

export type Save = {
  fence: number;
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
const saveSql = `
with saved as (
  update relay_cursor c set
    seen = case when :closed then :win::pg_snapshot else c.seen end,
    win = case when :closed then null else :win::pg_snapshot end,
    last_id = case when :closed then 0 else :lastId::bigint end,
    floor = case when :closed then c.pending_floor else c.floor end,
    pending_floor = case when :closed then greatest(c.pending_floor, :sequence) else c.pending_floor end,
    late_floors = case when :closed then (
      select coalesce(jsonb_object_agg(x::text, coalesce((c.late_floors ->> x::text)::bigint, c.restored_to, c.floor)), '{}')
      from pg_snapshot_xip(:win::pg_snapshot) x) else c.late_floors end,
    restored_to = case when :closed then null else c.restored_to end,
    published = c.published + :published, unrouted = c.unrouted + :unrouted, saved_at = clock_timestamp()
  where c.fence = :fence and (not :closed or raise_relay_floor(greatest(c.pending_floor, :sequence)))
  returning c.*
), noted as (
  insert into relay_batches (topic, partition, first_offset, first_id, last_id, count, ids, fence)
  select b.topic, b.partition, b.first_offset, b.ids[1], b.ids[cardinality(b.ids)], cardinality(b.ids), b.ids, s.fence
  from saved s, unnest(:topics::text[], :partitions::integer[], :offsets::bigint[], :ids::text[]) t(topic, partition, first_offset, text),
    lateral (select t.topic, t.partition, t.first_offset, t.text::bigint[] as ids) b
), parked as (
  insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, source, payload, context, created_at)
  select r.event_id, 'delivery.parked', e.entity_type, e.entity_id, e.entity_key, e.source, r.payload, e.context, :now::timestamptz
  from saved s, jsonb_to_recordset(:refused::jsonb) r(event_id uuid, id bigint, payload jsonb) join sync_events e on e.id = r.id
), counted as (
  insert into refused_records (topic, reason, records, first_at, last_at, detail)
  select r.topic, r.reason, count(*), :now::timestamptz, :now::timestamptz, (array_agg(r.detail order by r.id desc))[1]
  from saved s, jsonb_to_recordset(:refused::jsonb) r(id bigint, topic text, reason text, detail jsonb)
  group by 1, 2 order by 1, 2
  ${addToCount}
)
select ${cursorColumns}, set_config('synchronous_commit', 'off', true) from saved`;

/** Null if the cursor belongs to a later fence: then nothing was written. */
export async function saveCursor(db: Db | Tx, save: Save): Promise<Cursor | null> {
  const { batches, refused, ...rest } = save;
  const { rows } = await writeNumbered(db, (at) =>
    runPrepared<{ rows: CursorRow[] }>(at, saveSql, {
      ...rest,
      ...toColumns(batches),
      refused: JSON.stringify(refused.map(toNotice)),
    }),
  );
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
    seen: row.seen,
    win: row.win,
    lastId: row.last_id,
    floor: row.floor,
    lateFloors: row.late_floors,
    restoredTo: row.restored_to,
    fence: row.fence,
  };
}
