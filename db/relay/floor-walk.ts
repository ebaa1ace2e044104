// The walk below the relay's floor: it finds events that no page of the relay can contain any more
// and that were never published. Such events exist only if a sequence was set back:
// next_sync_event_id() draws above the floor. Each move of the sequence starts a walk, and so does
// the migration that brought the check, because a database may have such events from before.
import type { Db, Tx } from '../server/connection.ts';
import { toColumns, type Batch } from './cursor.ts';
import { isOfShardSql } from './publication.ts';
import { pageColumns, toPageRow, type PageRow, type RawRow } from './page-row.ts';

/** One shard's relay walks for all of them: this one, of which there is always one. */
export const WALKING_SHARD = 0;

export type Walk = {
  id: string;
  walkedTo: number;
  upTo: number;
  /** No transaction is running any more that may have drawn a low id before this walk began. */
  final: boolean;
  /** The same now, for a walk that has reached its end. */
  settled: boolean;
};

/** Others may have drawn ids between the read of the sequence and its move. */
const MARGIN = 10_000;

const walkSql = `
select w.*, w."walkedTo" >= w."upTo" and not w.final and not w.settled as waits
from (
  select id, walked_to as "walkedTo", moved_from + ${MARGIN} as "upTo", final,
    coalesce(settled_after <= pg_snapshot_xmin(pg_current_snapshot()), false) as settled, moved_at
  from sequence_moves where walked_to is not null) w
order by waits, w.moved_at limit 1`;

/** The walk that is due, or null: normally there is none. */
export async function readWalk(db: Db): Promise<Walk | null> {
  const { rows } = await db.raw<{ rows: Walk[] }>(walkSql);
  return rows[0] ?? null;
}

// Most batches of the relay begin near their rows. A batch with a row that committed late begins
// far below, so rows that are not found here are looked for once more, one by one.
const lookSql = `
with looked as materialized (
  select id, event_type from sync_events where id > :after and id <= :upTo order by id limit :limit
), ending as materialized (
  select case when count(*) < :limit then :upTo::bigint else max(id) end as id from looked
), published as materialized (
  select unnest(b.ids) as id from relay_batches b where b.first_id > :after - 100000 and b.first_id <= (select id from ending)
)
select (select id from ending) as "walkedTo", coalesce((
  select jsonb_agg(jsonb_build_array(l.id, l.event_type) order by l.id) from looked l
  where not exists (select from published p where p.id = l.id)), '[]') as missing`;

// A row is behind the relay if its transaction was seen, or if its id is below the floor of its
// transaction. A record that the bus refused has its notice, for the same entity.
const lostSql = `
select ${pageColumns('e')}
from sync_events e, relay_cursor c
where e.id = any(:ids::bigint[]) and ${isOfShardSql('e', 'c')}
  and (pg_visible_in_snapshot(e.xid, c.seen)
    or c.win is not null and e.id <= c.last_id and pg_visible_in_snapshot(e.xid, c.win)
    or e.id <= coalesce((c.late_floors ->> e.xid::text)::bigint, c.floor))
  and not exists (select from relay_batches b where b.first_id <= e.id and b.last_id >= e.id and b.ids @> array[e.id])
  and not exists (
    select from sync_events n where n.entity_key = e.entity_key and n.event_type = 'delivery.parked'
      and n.payload #>> '{parked,event_id}' = e.event_id::text)
order by e.id`;

export type Looked = {
  /** Every id up to this one was checked. */
  walkedTo: number;
  /** Ids that no batch near them names. */
  missing: number[];
};

/**
 * The next ids of a walk that may not have been published, among `limit` that are checked.
 * `isWanted`: whether a type has a topic.
 */
export async function lookFor(
  db: Db,
  { walkedTo: after, upTo }: Walk,
  { limit, isWanted }: { limit: number; isWanted: (eventType: string) => boolean },
): Promise<Looked> {
  const looked = await db.raw<{ rows: { walkedTo: number; missing: [number, string][] }[] }>(lookSql, {
    after,
    upTo,
    limit,
  });
  const { walkedTo, missing } = looked.rows[0] ?? { walkedTo: upTo, missing: [] };
  return { walkedTo, missing: missing.filter(([, eventType]) => isWanted(eventType)).map(([id]) => id) };
}

/** Those of these rows that were never published. */
export async function readLost(db: Db, ids: readonly number[]): Promise<PageRow[]> {
  const { rows } = await db.raw<{ rows: RawRow[] }>(lostSql, { ids: [...ids] }).options({ rowMode: 'array' });
  return rows.map(toPageRow);
}

const saveSql = `
with fenced as (
  update relay_cursor set published = published + :published where shard = ${WALKING_SHARD} and fence = :fence returning fence
), saved as (
  update sequence_moves set walked_to = :walkedTo, final = :final, settled_after = coalesce(settled_after, pg_current_xact_id())
  where id = :id and exists (select from fenced)
  returning id
), noted as (
  insert into relay_batches (topic, partition, first_offset, first_id, last_id, count, ids, fence)
  select b.topic, b.partition, b.first_offset, b.ids[1], b.ids[cardinality(b.ids)], cardinality(b.ids), b.ids, :fence
  from saved, unnest(:topics::text[], :partitions::integer[], :offsets::bigint[], :ids::text[]) t(topic, partition, first_offset, text),
    lateral (select t.topic, t.partition, t.first_offset, t.text::bigint[] as ids) b
)
select id from saved`;

export type WalkSave = {
  id: string;
  fence: number;
  /** Null: the walk is done. */
  walkedTo: number | null;
  final: boolean;
  published: number;
  batches: Batch[];
};

/** False if the cursor belongs to a later fence: then nothing was written. */
export async function saveWalk(db: Db, { batches, ...save }: WalkSave): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(saveSql, { ...save, ...toColumns(batches) });
  return rows.length > 0;
}

/**
 * Events that are unpublished up to now are left to another relay: the one of the copy's original.
 */
export async function endWalks(db: Db | Tx): Promise<void> {
  await db.raw(`update sequence_moves set walked_to = null where walked_to is not null`);
}
