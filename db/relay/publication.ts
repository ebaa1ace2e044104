// Whether the relay has published an event, as SQL: one fragment, so that every query gives the
// same answer. The relay may be divided into shards (./shards.ts), each with a cursor: what is asked of one event is
// answered by the cursor of its shard, and what is asked of all events by the cursor that is furthest behind.
import { isRecordChangeSql, isRowChangeSql } from '../events/kinds.ts';

/** True for a row of sync_events whose entity belongs to the shard of the cursor. */
export function isOfShardSql(event: string, cursor: string): string {
  return `relay_shard(${event}.entity_key, ${cursor}.shards) = ${cursor}.shard`;
}

/**
 * True for a row of sync_events, with the alias `event`, that is behind the cursor of its shard, with the alias
 * `cursor`: its transaction was seen, or it is in the open window and passed, or it is below the
 * floor (rows from before a move have ids below the floor, and transaction ids without a meaning).
 */
export function isPublishedSql(event: string, cursor: string): string {
  return `(${isOfShardSql(event, cursor)} and (pg_visible_in_snapshot(${event}.xid, ${cursor}.seen)
    or (${cursor}.win is not null and ${event}.id <= ${cursor}.last_id and pg_visible_in_snapshot(${event}.xid, ${cursor}.win))
    or ${event}.id <= ${passedSql(cursor)}))`;
}

/** Every row of the cursor's shard at or below this id has been published. */
function passedSql(cursor: string): string {
  return `least(${cursor}.floor, (select min(l.value::bigint) from jsonb_each_text(${cursor}.late_floors) l))`;
}

// Rows of transactions that a cursor's snapshot has seen are at or below its floor, and each transaction that was still
// running then has a lower bound of its own.
/**
 * Every row at or below this id has been published, of whichever shard it is, and no transaction that runs can still
 * write one; 0 before the relay's first start.
 */
export const publishedUpToSql = `coalesce((select min(${passedSql('c')}) from relay_cursor c), 0)`;

/**
 * Types that some worker receives: our own changes for each system, and the changes at the systems
 * for us.
 */
export function isRoutedSql(event: string, systems: string): string {
  return `(${isRowChangeSql(event)}
    or exists (select from unnest(${systems}::text[]) s where ${isRecordChangeSql(event, 's')}))`;
}
