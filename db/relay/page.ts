// The rows that are still to be delivered, by the relay's cursor, in pages (docs/relay.md).
import type { Db } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';
import type { Cursor } from './cursor.ts';
import { pageColumns, readRow, toPageRow, type PageRow, type RawRow } from './page-row.ts';
import type { Shard } from './shards.ts';

export type Page = {
  rows: PageRow[];
  win: string;
  /** The newest id drawn, read before this page's save. */
  sequence: number;
};

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

// Each shard walks through all rows of the window, and takes its own.
const ofShard = 'and relay_shard(e.entity_key, :shards::integer) = :shard::integer';

const inWindowOf = ({ shards }: Shard): string =>
  shards === 1
    ? inWindow
    : `${inWindow}
      ${ofShard}`;

// The head row has the window and comes first; the rows follow by id.
const pageSql = (shard: Shard): string => `
with bounds as materialized (${boundsSql})
select null::bigint as id, null::uuid as event_id, null as event_type, null as entity_key, sequence as version, null as source,
  win::text as payload, null::bigint as created_at, null as trace
from bounds
union all (
  select ${pageColumns('e')}
  from sync_events e
  where ${inWindowOf(shard)}
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
  const raw: RawRow[] = [];
  const bindings = { ...windowOf(cursor), limit };
  const onRow = (bytes: Buffer, at: number) => raw.push(readRow(bytes, at));
  const options = { rowMode: 'array', onRow } as const;
  const { rows } = await runPrepared<{ rows: RawRow[] }>(db, pageSql(cursor), bindings, options);
  // A statement that runs without a name has its rows in its result.
  const [head, ...page] = rows.length > 0 ? rows : raw;
  if (head === undefined) throw new Error('readPage: PostgreSQL answered no head row');
  return { win: head[6].toString(), sequence: head[4] ?? 0, rows: page.map(toPageRow) };
}

function windowOf({ seen, win, lastId, floor, lateFloors, restoredTo, shard, shards }: Cursor) {
  const window = { seen, win, lastId, floor, lateFloors, restoredTo };
  return shards === 1 ? window : { ...window, shard, shards };
}

// The least of each row: its id and the event's name.
const idsSql = (shard: Shard): string => `
with bounds as materialized (${boundsSql})
select null::bigint as id, null::uuid as "eventId", sequence, win::text from bounds
union all (select e.id, e.event_id, null, null from sync_events e where ${inWindowOf(shard)} order by e.id limit :limit)
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
