// The breaker of a system's account: open while the system does not answer, half-open until an
// action succeeds again. A row exists only in these two states. Every change names the state from
// which it is made, so each change is made by one worker.
import type { Db, Tx } from '../server/connection.ts';
import { withTransaction } from '../server/connection.ts';
import { noteStoppage } from './stoppages.ts';

export type BreakerRow = {
  since: Date;
  /** null: half-open. */
  openedAt: Date | null;
  why: { kind: string; code: string; message: string };
  probes: number;
  probeAt: Date;
};

type Place = { system: string; account: string };

/**
 * The time from an opening, or from a failed probe, to the next probe: doubling from 1 s to 30 s.
 */
const probeAtSql = (probes: string): string =>
  `:now::timestamptz + least(30, power(2, least(10, ${probes}))) * interval '1 second'`;

const columns = `since, opened_at as "openedAt", why, probes, probe_at as "probeAt"`;

/** The row if this call opened the breaker; null if it was open already. */
export async function openBreaker(
  db: Db,
  opening: Place & { why: BreakerRow['why']; now: Date },
): Promise<BreakerRow | null> {
  const { rows } = await db.raw<{ rows: BreakerRow[] }>(
    `insert into breakers as b (system, account, since, opened_at, why, probe_at)
     values (:system, :account, :now::timestamptz, :now::timestamptz, :why::jsonb, ${probeAtSql('0')})
     on conflict (system, account) do update
     set opened_at = excluded.opened_at, why = excluded.why, probes = b.probes + 1, probe_at = ${probeAtSql('b.probes + 1')}
     where b.opened_at is null
     returning ${columns}`,
    { ...opening, why: JSON.stringify(opening.why) },
  );
  return rows[0] ?? null;
}

/**
 * Whether the caller makes the next probe: it is due, and no other process makes it. If the caller
 * dies before the probe, the next one follows after one interval.
 */
export async function claimProbe(db: Db, probe: Place & { now: Date }): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update breakers set probes = probes + 1, probe_at = ${probeAtSql('probes + 1')}
     where system = :system and account = :account and opened_at is not null and probe_at <= :now::timestamptz`,
    probe,
  );
  return rowCount === 1;
}

/**
 * The system answers again: from now on one mapping at a time is tried, and the time counts as
 * failing time again. False if the breaker was not open.
 */
export async function halfOpenBreaker(db: Db, place: Place & { now: Date }): Promise<boolean> {
  return withTransaction(db, async (tx) => {
    const { rows } = await tx.raw<{ rows: { began: Date }[] }>(
      `with was as (
         select opened_at from breakers where system = :system and account = :account and opened_at is not null for update
       )
       update breakers b set opened_at = null from was
       where b.system = :system and b.account = :account
       returning was.opened_at as began`,
      place,
    );
    if (!rows[0]) return false;
    await noteStoppage(tx, { system: place.system, began: rows[0].began, ended: place.now });
    await bringForward(tx, { ...place, perSecond: 1, limit: 1 });
    return true;
  });
}

/**
 * An action succeeded, so the breaker is closed. Returns since when it had been open or half-open;
 * null if it was not half-open.
 */
export async function closeBreaker(db: Db, { system, account }: Place): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { since: Date }[] }>(
    `delete from breakers where system = :system and account = :account and opened_at is null returning since`,
    { system, account },
  );
  return rows[0]?.since ?? null;
}

export async function readBreaker(db: Db, { system, account }: Place): Promise<BreakerRow | null> {
  const { rows } = await db.raw<{ rows: BreakerRow[] }>(
    `select ${columns} from breakers where system = :system and account = :account`,
    { system, account },
  );
  return rows[0] ?? null;
}

// In the order of the index on due times, so that it stops at its limit. A mapping that waits for a
// time of its own (a spent key, a place in a queue) is not changed.
const forwardSql = `
with late as (
  select id, urgency, next_attempt_at from external_mappings
  where system = :system and account = :account and dirty <> clean and next_attempt_at > :now::timestamptz
    and (lease_until is null or lease_until < clock_timestamp())
    and last_error ->> 'kind' in ('retry', 'indeterminate', 'auth') and intent -> 'spent' is null
  order by (external_id is null)::integer, urgency, next_attempt_at
  limit :limit
  for update skip locked
), spread as (
  select id, row_number() over (order by urgency, next_attempt_at) - 1 as place from late
)
update external_mappings m
set next_attempt_at = least(m.next_attempt_at, :now::timestamptz + s.place / :perSecond::float8 * interval '1 second')
from spread s where m.id = s.id`;

/**
 * Moves the due times of failed mappings to an earlier time, of at most `limit` of them, spread so
 * that `perSecond` come due each second.
 */
export async function bringForward(
  db: Db | Tx,
  forward: Place & { now: Date; perSecond: number; limit: number },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(forwardSql, forward);
  return rowCount;
}
