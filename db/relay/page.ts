// The rows that are still to be delivered, by the relay's cursor, in pages (docs/relay.md).
import type { Db } from '../server/connection.ts';
import { DbError } from '../server/errors.ts';
import { runPrepared } from '../server/prepared.ts';
import type { Cursor } from './cursor.ts';

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

// The rows visible in "win" and not in "seen": of transactions at or above xmax(seen), with ids
// above the floor, and of transactions that were running in "seen" and have ended, with ids above
// the floor kept for each. One range scan from the lowest bound finds both in order of id. Without
// an open window "win" is the snapshot of the statement, which is the same wherever it is named.
const winSql = 'coalesce(:win::pg_snapshot, pg_current_snapshot())';

/** An id that was never drawn is no floor: last_value of an unused sequence is the first id to come. */
const sequenceSql = 'last_value - case when is_called then 0 else 1 end';

/** As a sub-select: with the number itself the planner would believe statistics from before the newest rows. */
const nearSql = '(select :low::bigint)';

/** A transaction that stays open keeps its floor for as long, which therefore counts only once it has ended. */
const lowestSql = `(select greatest(:lastId::bigint, least(:floor::bigint, (
        select min(l.value::bigint) from jsonb_each_text(:lateFloors::jsonb) l where pg_visible_in_snapshot(l.key::xid8, ${winSql})))))`;

/** So many rows below the floor are passed over rather than to have PostgreSQL compute the lowest bound. */
const NEAR = 250;

/** What no row of the window is below, whichever transactions have ended; null if it is far below the floor. */
function nearBound({ lastId, floor, lateFloors }: Cursor): number | null {
  const lates = Object.values(JSON.parse(lateFloors) as Record<string, number>);
  const low = Math.max(lastId, Math.min(floor, ...lates));
  return Math.max(lastId, floor) - low > NEAR ? null : low;
}

// Each shard walks through all rows of the window, and takes its own.
const ofShard = 'and relay_shard(e.entity_key, :shards::integer) = :shard::integer';

const inWindowOf = (cursor: Cursor): string => `
      e.id > ${nearBound(cursor) === null ? lowestSql : nearSql}
      and (pg_visible_in_snapshot(e.xid, (select ${winSql})) or e.id <= :restoredTo::bigint)
      and not pg_visible_in_snapshot(e.xid, :seen::pg_snapshot)
      ${cursor.shards === 1 ? '' : ofShard}`;

/** The columns of RawRow, for a row of sync_events with the alias `event`. */
export const pageColumns = (event: string): string => `
  ${event}.id, ${event}.event_id, ${event}.event_type, ${event}.entity_key, ${event}.version, ${event}.source, ${event}.payload::text,
  floor(extract(epoch from ${event}.created_at) * 1000)::bigint, ${event}.context ->> 'trace'`;

// The head row has the window and comes first; the rows follow by id.
const pageSql = (cursor: Cursor): string => `
select null::bigint as id, null::uuid as event_id, null as event_type, null as entity_key, ${sequenceSql} as version, null as source,
  ${winSql}::text as payload, null::bigint as created_at, null as trace
from sync_event_ids
union all (
  select ${pageColumns('e')}
  from sync_events e
  where ${inWindowOf(cursor)}
  order by e.id
  limit :limit
)
order by id nulls first`;

/** PostgreSQL's plan after a run of the query. For tests, and to find out why it is slow. */
export async function explainPage(db: Db, cursor: Cursor, limit: number): Promise<string> {
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(
    `explain (analyze, costs off, timing off, summary off) ${pageSql(cursor)}`,
    { ...windowOf(cursor), limit },
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** The next rows of the open window, or of a new one; fewer than `limit` are the window's last. */
export async function readPage(db: Db, cursor: Cursor, limit: number): Promise<Page> {
  // Rows as arrays: at 100,000 rows a second, the object for each row is made only once, below.
  const bindings = { ...windowOf(cursor), limit };
  const { rows } = await runPrepared<{ rows: RawRow[] }>(db, pageSql(cursor), bindings, { rowMode: 'array' });
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

function windowOf(cursor: Cursor) {
  const { seen, win, lastId, floor, lateFloors, restoredTo, shard, shards } = cursor;
  const low = nearBound(cursor);
  return {
    ...{ seen, win, restoredTo },
    ...(low === null ? { lastId, floor, lateFloors } : { low }),
    ...(shards === 1 ? {} : { shard, shards }),
  };
}

// The least of each row: its id and the event's name.
const idsSql = (cursor: Cursor): string => `
select null::bigint as id, null::uuid as "eventId", ${sequenceSql} as sequence, ${winSql}::text as win from sync_event_ids
union all (select e.id, e.event_id, null, null from sync_events e where ${inWindowOf(cursor)} order by e.id limit :limit)
order by id nulls first`;

export type PageIds = { rows: { id: number; eventId: string }[]; win: string; sequence: number };

/** The page of readPage without its rows' content, for a page with a row that cannot be read. */
export async function readPageIds(db: Db, cursor: Cursor, limit: number): Promise<PageIds> {
  type Row = { id: number; eventId: string; sequence: number | null; win: string | null };
  const { rows } = await db.raw<{ rows: Row[] }>(idsSql(cursor), { ...windowOf(cursor), limit });
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
