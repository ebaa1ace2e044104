// Reads the changes of rows for a follower that keeps its own position (docs/api.md). By the
// method of the relay (docs/relay.md), it reads the rows that are visible in the snapshot "win" and
// not visible in the snapshot "seen", in the order of their ids. This file writes nothing and takes
// no transaction id, so any number of followers cost only what they read.

import type { Knex } from 'knex';
import type { RowFields } from '../entities/rows.ts';
import { isRowChangeSql } from './kinds.ts';
import { publishedUpToSql } from '../relay/publication.ts';
import type { Db } from '../server/connection.ts';

export type ChangeType = 'created' | 'updated' | 'deleted';

/** One version of one row. */
export type RowChange = {
  /** sync_events.id */
  eventId: number;
  eventUuid: string;
  type: ChangeType;
  entity: string;
  rowId: number;
  version: number;
  /** As of this version. */
  fields: RowFields;
  source: string;
  changedAt: Date;
};

/** What every read returns besides its rows. */
export type Moment = {
  /**
   * Names the cluster, its timeline and the installation: a transaction id of another one has no
   * meaning in this database.
   */
  place: string;
  /** The newest event id drawn, read before nextXid. */
  sequence: number;
  /**
   * The next transaction id: the transaction that gets it, and each later one, draws ids above
   * `sequence`.
   */
  nextXid: number;
  /** Events below this id were dropped by retention. */
  firstKept: number;
};

export type ChangesFrom = {
  seen: string;
  /** The open window; null opens one at the present snapshot. */
  win: string | null;
  /** The open window has been read up to this id. */
  lastId: number;
  /** No transaction at or above xmax of "seen" has a row at or below this id. */
  floor: number;
  /** The same for each transaction that was running in "seen". */
  lateFloors: Record<string, number>;
  /**
   * Rows up to this id are taken whatever their transaction ids are; 0 except in the first window
   * of a follower that starts at the oldest change.
   */
  settledTo: number;
  /** Only rows of this entity; null takes all. */
  entity: string | null;
  limit: number;
  /** The most rows that are read, of any kind and whether or not they are delivered. */
  scan: number;
};

export type ChangesPage = Moment & {
  win: string;
  /** No row that is still to be delivered has an id at or below this. */
  low: number;
  changes: RowChange[];
  /** Where the scan ended, if it ended before the rows did and before the page was full. */
  scannedTo: number | null;
};

const ANSWER_MS = 15_000;

const placeSql = `
  select substr(md5(concat_ws(':', c.system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), i.id,
    (select max(versions_from) from restores))), 1, 8)
  from pg_control_system() c, instance i`;

const firstKeptSql = `
  select coalesce(min(substring(pg_get_expr(c.relpartbound, c.oid) from $re$FROM [(][^0-9]*([0-9]+)$re$)::bigint), 0)
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'sync_events'::regclass`;

// pg_snapshot_xmax is not the next transaction id, but the one after the newest transaction that
// has ended: transactions above it may be running already, and may have drawn event ids. age()
// counts from the real next id, without taking it; it does not accept the special ids (0, 1, 2),
// which come again every 2^32. It is computed from a row that contains the value of the sequence,
// so after that value was read.
const momentSql = `
  select d.sequence, b.base + age(b.base::text::xid8::xid) as next_xid
  from (select last_value - case when is_called then 0 else 1 end as sequence from sync_event_ids) d,
  lateral (select x - case when x % 4294967296 < 3 then 3 else 0 end as base
           from (select d.sequence * 0 + pg_snapshot_xmax(pg_current_snapshot())::text::bigint as x) n) b`;

const pageSql = `
with moment as materialized (${momentSql}
), bounds as materialized (
  select s.seen, s.win, case when :settledTo::bigint > 0 then :lastId::bigint else
    greatest(:lastId::bigint, least(:floor::bigint, (
      select min(l.value::bigint) from jsonb_each_text(:lateFloors::jsonb) l where pg_visible_in_snapshot(l.key::xid8, s.win)))) end as low
  from (select :seen::pg_snapshot as seen, coalesce(:win::pg_snapshot, pg_current_snapshot()) as win) s
), page as materialized (
  select e.* from (
    select id, xid, event_id, event_type, entity_type, entity_id, version, source, payload, created_at from sync_events
    where id > (select low from bounds) order by id limit :scan
  ) e
  where ${isRowChangeSql('e')}
    and (:entity::text is null or e.entity_type = :entity::text)
    and (pg_visible_in_snapshot(e.xid, (select win from bounds)) or e.id <= :settledTo::bigint)
    and not pg_visible_in_snapshot(e.xid, (select seen from bounds))
  order by e.id limit :limit
), head as materialized (
  select (${placeSql}) as place, m.sequence, m.next_xid, (${firstKeptSql}) as first_kept, b.win::text as win, b.low,
    case when (select count(*) from page) < :limit then (
      select id from sync_events where id > b.low order by id offset :scan - 1 limit 1) end as scanned_to
  from moment m, bounds b
)
select h.*, p.id, p.event_id, p.event_type, p.entity_type, p.entity_id, p.version, p.source, p.created_at,
  p.payload -> (p.entity_type || '_data') as fields
from head h left join page p on true
order by p.id`;

type HeadRow = {
  place: string;
  sequence: number;
  next_xid: number;
  first_kept: number;
  win: string;
  low: number;
  scanned_to: number | null;
};

type PageRow = HeadRow & {
  id: number | null;
  event_id: string;
  event_type: string;
  entity_type: string;
  entity_id: number;
  version: number;
  source: string;
  created_at: Date;
  fields: RowFields;
};

/**
 * The next changes of the open window, or of a new one that ends now. Not for a transaction that
 * has a transaction id: the next transaction id that this reads would be its own.
 */
export async function readChangesPage(db: Db, from: ChangesFrom): Promise<ChangesPage> {
  const lateFloors = JSON.stringify(from.lateFloors);
  const rows = await select<PageRow>(db, pageSql, { ...from, lateFloors });
  const [head] = rows;
  if (!head) throw new Error('readChangesPage: PostgreSQL answered no head row');
  return {
    ...momentOf(head),
    win: head.win,
    low: head.low,
    scannedTo: head.scanned_to,
    changes: rows.filter(({ id }) => id !== null).map(toChange),
  };
}

// Every row at or below "settled" is committed: no running transaction has a row below the floors of any of
// the relay's cursors. Before a relay has ever run, nothing is known about that. Right after a move all ids up
// to restored_to are committed, because of the lock under which the move was done.
const startSql = `
with moment as materialized (${momentSql})
select (${placeSql}) as place, m.sequence, m.next_xid, (${firstKeptSql}) as first_kept, pg_current_snapshot()::text as win, 0 as low,
  greatest((select max(restored_to) from relay_cursor), ${publishedUpToSql}) as settled
from moment m`;

export type ChangesStart = Moment & { win: string; settled: number };

/** The present moment, for a follower that begins. About transactions the same holds as above. */
export async function readChangesStart(db: Db): Promise<ChangesStart> {
  const [row] = await select<HeadRow & { settled: number }>(db, startSql, {});
  if (!row) throw new Error('readChangesStart: the sequence or the instance has no row');
  return { ...momentOf(row), win: row.win, settled: row.settled };
}

/** How PostgreSQL runs the query of a page, as EXPLAIN shows it after a run. For tests. */
export async function explainChangesPage(db: Db, from: ChangesFrom): Promise<string> {
  const rows = await select<{ 'QUERY PLAN': string }>(
    db,
    `explain (analyze, costs off, timing off, summary off) ${pageSql}`,
    { ...from, lateFloors: JSON.stringify(from.lateFloors) },
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

async function select<T>(db: Db, sql: string, bindings: Record<string, Knex.RawBinding>): Promise<T[]> {
  const { rows } = await db.raw<{ rows: T[] }>(sql, bindings).timeout(ANSWER_MS);
  return rows;
}

function momentOf(row: HeadRow): Moment {
  const { place, sequence, next_xid: nextXid, first_kept: firstKept } = row;
  return { place, sequence, nextXid, firstKept };
}

function toChange(row: PageRow): RowChange {
  return {
    eventId: row.id ?? 0,
    eventUuid: row.event_id,
    // The query asks for these three.
    type: row.event_type.slice(row.entity_type.length + 1) as ChangeType,
    entity: row.entity_type,
    rowId: row.entity_id,
    version: row.version,
    fields: row.fields,
    source: row.source,
    changedAt: row.created_at,
  };
}
