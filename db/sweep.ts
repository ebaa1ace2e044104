// How far the past events of a system have been read, and which events of a page were stored before.
// What only a feed with a cursor writes is in feed-cursors.ts.
import type { Db } from './server/connection.ts';

export type Sweep = {
  account: string;
  /** The list is read from this moment on: before it the database was not bound to the account. */
  boundAt: Date;
  paused: boolean;
  sweptTo: Date;
  sweptEvents: number;
  more: boolean;
  triedAt: Date | null;
  problem: string | null;
  problemAt: Date | null;
  lostFrom: Date | null;
  lostTo: Date | null;
  /** Of a feed with a cursor: why they are lost. Workers then compare every pair by themselves. */
  lostWhy: string | null;
  /** How many losses there ever were; only of a feed with a cursor. */
  losses: number;
  /** Of a feed with a cursor: where the next page begins; null if a new cursor is to be taken. */
  cursor: string | null;
  /**
   * How many events the sweep found that no webhook had brought, since webhooks last worked;
   * `foundAt` is when it last found one.
   */
  foundEvents: number;
  foundSince: Date | null;
  foundAt: Date | null;
};

const readSql = `
select c.account, c.bound_at as "boundAt", c.paused_at is not null as paused,
       coalesce(s.swept_to, c.bound_at) as "sweptTo", coalesce(s.swept_events, 0) as "sweptEvents", coalesce(s.more, true) as more,
       s.tried_at as "triedAt", s.problem, s.problem_at as "problemAt", s.lost_from as "lostFrom", s.lost_to as "lostTo",
       s.lost_why as "lostWhy", coalesce(s.losses, 0) as losses, s.cursor,
       coalesce(s.found_events, 0) as "foundEvents", s.found_since as "foundSince", s.found_at as "foundAt"
from connections c left join sweeps s on s.system = c.system and s.account = c.account
where c.system = :system and c.account is not null`;

/** Null until the database is bound to an account of the system. */
export async function readSweep(db: Db, system: string): Promise<Sweep | null> {
  const { rows } = await db.raw<{ rows: Sweep[] }>(readSql, { system });
  return rows[0] ?? null;
}

type Place = { system: string; account: string };

// The count begins anew if the last find is more than an hour old and a webhook has come since:
// that trouble is over.
const columnsFound = `found_events, found_since, found_at`;
const valuesFound = `:stored, case when :stored > 0 then :now::timestamptz end, case when :stored > 0 then :now::timestamptz end`;
const isOver = `(s.found_at is null or s.found_at < :now::timestamptz - interval '1 hour' and exists (
  select from webhook_signs w where w.system = s.system and w.taken_at > s.found_at))`;
const setFound = `
  found_events = case when :stored = 0 then s.found_events when ${isOver} then :stored else s.found_events + :stored end,
  found_since = case when :stored = 0 then s.found_since when ${isOver} then :now::timestamptz else s.found_since end,
  found_at = case when :stored = 0 then s.found_at else :now::timestamptz end`;

const saveSql = `
insert into sweeps as s (system, account, swept_to, swept_events, more, tried_at, lost_from, lost_to, ${columnsFound})
values (:system, :account, :sweptTo::timestamptz, :stored, :more, :now::timestamptz, :lostFrom::timestamptz, :lostTo::timestamptz, ${valuesFound})
on conflict (system, account) do update
set ${setFound}, swept_to = greatest(s.swept_to, excluded.swept_to), swept_events = s.swept_events + excluded.swept_events, more = excluded.more,
    tried_at = excluded.tried_at, problem = null, problem_at = null,
    lost_from = least(s.lost_from, excluded.lost_from), lost_to = greatest(s.lost_to, excluded.lost_to)`;

/** A window is done: every event of it is in the inbox. The position only moves forward. */
export async function saveSwept(
  db: Db,
  window: Place & {
    sweptTo: Date;
    stored: number;
    more: boolean;
    lostFrom: Date | null;
    lostTo: Date | null;
    now: Date;
  },
): Promise<void> {
  await db.raw(saveSql, window);
}

/** A window that was not finished: it is read again. Its events that were stored are counted. */
export async function saveSweepProblem(
  db: Db,
  failed: Place & { sweptTo: Date; stored: number; problem: string; now: Date },
): Promise<void> {
  await db.raw(
    `insert into sweeps as s (system, account, swept_to, swept_events, tried_at, problem, problem_at, ${columnsFound})
     values (:system, :account, :sweptTo::timestamptz, :stored, :now::timestamptz, :problem, :now::timestamptz, ${valuesFound})
     on conflict (system, account) do update
     set ${setFound}, swept_events = s.swept_events + excluded.swept_events, tried_at = excluded.tried_at, problem = excluded.problem,
         problem_at = coalesce(s.problem_at, excluded.problem_at)`,
    failed,
  );
}

/**
 * Every record has been compared since: the changes that the inbox never received are known now.
 */
export async function forgetLost(db: Db, system: string, before: Date): Promise<void> {
  await db.raw(
    `update sweeps set lost_from = null, lost_to = null, lost_why = null where system = :system and lost_to <= :before::timestamptz`,
    { system, before },
  );
}

const takenSql = `
select event_id::text as id from inbound_event_ids where event_id = any(:eventIds::uuid[])
union all
select external_event_id from inbound_refusals where system = :system and external_event_id = any(:externalIds)`;

/** Which of a page's events are stored (by our id of them) or were refused (by their own id). */
export async function findTaken(
  db: Db,
  page: { system: string; eventIds: string[]; externalIds: string[] },
): Promise<Set<string>> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(takenSql, page);
  return new Set(rows.map(({ id }) => id));
}
