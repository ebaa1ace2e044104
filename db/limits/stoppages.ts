// The times in which nothing was sent to a system at all: they do not count as failing times.
import type { Db, Tx } from '../server/connection.ts';

/** Longer than TWINBOX_PARK_AFTER_HOURS can be. */
const KEPT = `interval '400 days'`;

export async function noteStoppage(
  db: Db | Tx,
  stoppage: { system: string; began: Date; ended: Date },
): Promise<void> {
  await db.raw(
    `with old as (delete from stoppages where system = :system and ended_at < :ended::timestamptz - ${KEPT})
     insert into stoppages (system, began_at, ended_at) select :system, :began::timestamptz, :ended::timestamptz
     where :began::timestamptz < :ended::timestamptz`,
    stoppage,
  );
}

// A pause may be within the time of an open breaker or of a rest, or overlap it: time that is in
// both counts once.
const stoppedSql = `
with stops as (
  select tstzrange(began_at, ended_at) as stop from stoppages where system = :system and ended_at > :since::timestamptz
  union all
  select tstzrange(paused_at, :now::timestamptz) from connections where system = :system and paused_at < :now::timestamptz
  union all
  select tstzrange(opened_at, :now::timestamptz) from breakers where system = :system and account = :account and opened_at < :now::timestamptz
  union all
  select tstzrange(since, least(until, :now::timestamptz)) from account_rests
  where system = :system and account = :account and since < :now::timestamptz
)
select coalesce(sum(extract(epoch from upper(part) - lower(part)) * 1000), 0)::float8 as ms
from (select unnest(range_agg(stop) * tstzmultirange(tstzrange(:since::timestamptz, :now::timestamptz))) as part from stops) parts`;

/** For how much of the time since then nothing was sent, in milliseconds. */
export async function readStoppedMs(
  db: Db | Tx,
  asked: { system: string; account: string; since: Date; now: Date },
): Promise<number> {
  const { rows } = await db.raw<{ rows: { ms: number }[] }>(stoppedSql, asked);
  return rows[0]?.ms ?? 0;
}
