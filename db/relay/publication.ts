// Whether the relay has published an event, as SQL: one fragment, so that every query gives the
// same answer.
import { isRecordChangeSql, isRowChangeSql } from '../events/kinds.ts';

/**
 * True for a row of sync_events, with the alias `event`, that is behind the cursor, with the alias
 * `cursor`: its transaction was seen, or it is in the open window and passed, or it is below the
 * floor (rows from before a move have ids below the floor, and transaction ids without a meaning).
 */
export function isPublishedSql(event: string, cursor: string): string {
  return `(pg_visible_in_snapshot(${event}.xid, ${cursor}.seen)
    or (${cursor}.win is not null and ${event}.id <= ${cursor}.last_id and pg_visible_in_snapshot(${event}.xid, ${cursor}.win))
    or ${event}.id <= least(${cursor}.floor, (select min(l.value::bigint) from jsonb_each_text(${cursor}.late_floors) l)))`;
}

/**
 * Types that some worker receives: our own changes for each system, and the changes at the systems
 * for us.
 */
export function isRoutedSql(event: string, systems: string): string {
  return `(${isRowChangeSql(event)}
    or exists (select from unnest(${systems}::text[]) s where ${isRecordChangeSql(event, 's')}))`;
}
