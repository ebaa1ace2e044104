// What went on in the last minute, by the times in the ids, which the primary keys lead to.
import type { Db } from '../server/connection.ts';

export type CallTraffic = { system: string; calls: number; failed: number; p95Ms: number };
export type EventTraffic = { target: string; received: number; settled: number };
/** `share`: how much of the full rate is used at present, from 0 to 1; lower after a refusal. */
export type RateShare = { system: string; share: number; slowedAt: Date | null };

const callsSql = `
select m.system, count(*)::int as calls, count(*) filter (where a.error is not null)::int as failed,
  percentile_disc(0.95) within group (order by a.latency_ms)::int as "p95Ms"
from sync_attempts a join external_mappings m on m.id = a.mapping_id
where a.id > :since::uuid group by m.system`;

const eventsSql = `
select target, count(*)::int as received, count(*) filter (where settled_at is not null)::int as settled
from sync_deliveries where event_id > :since::uuid group by target`;

const sharesSql = `
select b.system, b.share, b.slowed_at as "slowedAt" from rate_buckets b
join connections c on c.system = b.system and c.account = b.account where b.endpoint = ''`;

/** `since` is the lowest id of a time (`uuidLowerBound`). */
export async function readTraffic(
  db: Db,
  since: string,
): Promise<{ calls: CallTraffic[]; events: EventTraffic[]; shares: RateShare[] }> {
  const [calls, events, shares] = await Promise.all([
    db.raw<{ rows: CallTraffic[] }>(callsSql, { since }),
    db.raw<{ rows: EventTraffic[] }>(eventsSql, { since }),
    db.raw<{ rows: RateShare[] }>(sharesSql),
  ]);
  return { calls: calls.rows, events: events.rows, shares: shares.rows };
}
