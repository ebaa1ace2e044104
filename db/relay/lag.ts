// How far the relay is behind, for readiness: any process can ask at any time, without a lease.
import type { Db } from '../server/connection.ts';
import { isOfShardSql } from './publication.ts';

// The first row that is visible by now and not delivered. In an open window the scan begins at the
// relay's position: rows below it that committed meanwhile belong to the next window, which follows
// in a moment, and finding them would need a scan of this one.
const boundsSql = `
with bounds as materialized (
  select c.shard, c.shards, c.seen, greatest(c.last_id, least(c.floor, (
    select min(l.value::bigint) from jsonb_each_text(c.late_floors) l
    where pg_visible_in_snapshot(l.key::xid8, pg_current_snapshot())))) as low
  from relay_cursor c
  union all
  select 0, 1, '1:1:', 0 where not exists (select from relay_cursor)
)`;
/** Of each shard so many, and then of all of them: the shards differ in how far they are. */
const unpublishedSql = (limit: number): string => `${boundsSql}
select u.id, u.created_at from bounds b cross join lateral (
  select e.id, e.created_at from sync_events e
  where e.id > b.low and not pg_visible_in_snapshot(e.xid, b.seen) and ${isOfShardSql('e', 'b')}
  order by e.id limit ${limit}) u
order by u.id limit ${limit}`;

export type RelayLag = {
  /** Whether a relay has ever run on this database. */
  started: boolean;
  /** When the oldest event that is not published was written; null if there is none. */
  oldest: Date | null;
};

export async function readRelayLag(db: Db): Promise<RelayLag> {
  const { rows } = await db.raw<{ rows: RelayLag[] }>(
    `select exists (select from relay_cursor) as started, (select created_at from (${unpublishedSql(1)}) o) as oldest`,
  );
  return rows[0] ?? { started: false, oldest: null };
}

/**
 * The age of the oldest undelivered row in seconds, by the clock of the caller; 0 if there is none.
 */
export async function readSecondsBehind(db: Db, now: Date): Promise<number> {
  const { oldest } = await readRelayLag(db);
  return oldest === null ? 0 : Math.max(0, (now.getTime() - oldest.getTime()) / 1000);
}

const MOST_COUNTED = 10_000;

export type RelayBacklog = {
  /** Events that are not published, at most 10,000. */
  events: number;
  oldest: Date | null;
  /** The newest number that was drawn, and the last one before the first that is not published. */
  stored: number;
  published: number;
};

const backlogSql = `
select count(u.id)::integer as events, min(u.created_at) as oldest, s.id as stored, coalesce(min(u.id) - 1, s.id) as published
from (select last_value - case when is_called then 0 else 1 end as id from sync_event_ids) s
left join (${unpublishedSql(MOST_COUNTED)}) u on true
group by s.id`;

export async function readRelayBacklog(db: Db): Promise<RelayBacklog> {
  const { rows } = await db.raw<{ rows: RelayBacklog[] }>(backlogSql);
  return rows[0] ?? { events: 0, oldest: null, stored: 0, published: 0 };
}

const countsSql = `
select count(*)::integer as shards, sum(published)::bigint as published, sum(unrouted)::bigint as unrouted, max(fence) as fence, min(bus) as bus
from relay_cursor having count(*) > 0`;

export type RelayCounts = {
  shards: number;
  published: number;
  unrouted: number;
  /** The newest of all shards. */
  fence: number;
  bus: string | null;
};

/** What the relay has done so far; null before its first start. */
export async function readRelayCounts(db: Db): Promise<RelayCounts | null> {
  const { rows } = await db.raw<{ rows: RelayCounts[] }>(countsSql);
  return rows[0] ?? null;
}
