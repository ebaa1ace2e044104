// The rows that are still to be delivered, by the relay's cursor, in pages (docs/relay.md).
import type { Db } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';
import type { Cursor } from './cursor.ts';
import { pageColumns, readRow, toPageRow, type PageRow, type RawRow } from './page-row.ts';

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

// Each shard walks through all rows of the window, and takes its own. As a `case`, of which the planner believes that it
// is true of every second row: of the comparison itself it believes that few rows are left, which it had better sort.
const ofShard =
  'and case when relay_shard(e.entity_key, :shards::integer) = :shard::integer then true else false end';

const inWindowOf = (cursor: Cursor): string => `
      e.id > ${nearBound(cursor) === null ? lowestSql : nearSql}
      and (pg_visible_in_snapshot(e.xid, (select ${winSql})) or e.id <= (select :restoredTo::bigint))
      and not pg_visible_in_snapshot(e.xid, :seen::pg_snapshot)
      ${cursor.shards === 1 ? '' : ofShard}`;

// The number of rows stands in the text: of a parameter the planner believes that it is a tenth of the table, and would
// make the plan anew for each call, which takes longer than to read the rows.
const rowsSql = (cursor: Cursor, limit: number): string => `
  select ${pageColumns('e')}
  from sync_events e
  where ${inWindowOf(cursor)}
  order by e.id
  limit ${Math.trunc(limit)}`;

// The head row has the window and no id.
const pageSql = (cursor: Cursor, limit: number): string => `
select null::bigint as id, null::uuid as event_id, null as event_type, null as entity_key, ${sequenceSql} as version, null as source,
  ${winSql}::text as payload, null::bigint as created_at, null as trace
from sync_event_ids
union all (${rowsSql(cursor, limit)}
)`;

/** PostgreSQL's plan after a run of the query. For tests, and to find out why it is slow. */
export async function explainPage(db: Db, cursor: Cursor, limit: number): Promise<string> {
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(
    `explain (analyze, costs off, timing off, summary off) ${pageSql(cursor, limit)}`,
    windowOf(cursor),
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/**
 * The next rows of the open window, or of a new one; fewer than `limit` are the window's last. With a `sequence` that
 * was read since the window was opened, PostgreSQL answers the rows alone, which costs it a fifth less.
 */
export async function readPage(
  db: Db,
  cursor: Cursor,
  limit: number,
  sequence: number | null = null,
): Promise<Page> {
  const raw: RawRow[] = [];
  const known = cursor.win === null || sequence === null ? null : { win: cursor.win, sequence };
  const sql = known ? rowsSql(cursor, limit) : pageSql(cursor, limit);
  const onRow = (bytes: Buffer, at: number) => raw.push(readRow(bytes, at));
  const options = { rowMode: 'array', onRow } as const;
  const { rows } = await runPrepared<{ rows: RawRow[] }>(db, sql, windowOf(cursor), options);
  // A statement that runs without a name has its rows in its result.
  const all = rows.length > 0 ? rows : raw;
  if (known) return { ...known, rows: all.map(toPageRow) };
  const { head, rest } = splitHead(all);
  return { win: head[6].toString(), sequence: head[4] ?? 0, rows: rest.map(toPageRow) };
}

/**
 * PostgreSQL takes the parts of a union in their order. Nothing promises that, and to let it sort the rows again
 * would cost more than to look.
 */
export function splitHead(rows: RawRow[]): { head: RawRow; rest: RawRow[] } {
  const head = rows.find(([id]) => (id as number | null) === null);
  if (head === undefined) throw new Error('readPage: PostgreSQL answered no head row');
  const rest = rows[0] === head ? rows.slice(1) : rows.filter((row) => row !== head);
  const isSorted = rest.every((row, at) => at === 0 || row[0] > (rest[at - 1]?.[0] ?? 0));
  return { head, rest: isSorted ? rest : rest.toSorted((a, b) => a[0] - b[0]) };
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
