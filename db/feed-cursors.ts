// Where the next page of a feed with a cursor begins, and what the feed will never give. Both stand in
// the row of the system's sweep (sweep.ts), so people see them where they see a sweep.
import type { Db, Tx } from './server/connection.ts';

type Place = { system: string; account: string };

export interface PageEnd {
  /** The cursor that the page was asked for by. */
  from: string | null;
  /** The cursor behind the page; null if a new one is to be taken. */
  to: string | null;
  /** By the system's clock: what happened until then has been read, or is lost. */
  reachedAt: Date;
  /** Events that were not in the inbox. */
  stored: number;
  lost: LostEvents | null;
  now: Date;
}

/** `from` by the system's clock, `to` by ours: nothing after it is lost. */
export interface LostEvents {
  from: Date;
  to: Date;
  why: string;
}

// The reason of the first loss stays, since those that follow may come of it.
const saveSql = `
insert into sweeps as s (system, account, swept_to, swept_events, more, tried_at, cursor, lost_from, lost_to, lost_why, losses)
values (:system, :account, :reachedAt::timestamptz, :stored, true, :now::timestamptz, :to, :lostFrom::timestamptz,
        :lostTo::timestamptz, :lostWhy, case when :lostWhy::text is null then 0 else 1 end)
on conflict (system, account) do update
set swept_to = greatest(s.swept_to, excluded.swept_to), swept_events = s.swept_events + excluded.swept_events, more = true,
    tried_at = excluded.tried_at, problem = null, problem_at = null, cursor = excluded.cursor,
    lost_from = least(s.lost_from, excluded.lost_from), lost_to = greatest(s.lost_to, excluded.lost_to),
    lost_why = coalesce(s.lost_why, excluded.lost_why), losses = s.losses + excluded.losses
where s.cursor is not distinct from :from
returning 1`;

/**
 * Moves the cursor on behind a page, in the transaction that stores the page's events. False if the
 * cursor is not where the page began: another process has moved it, and the page must not count.
 */
export async function saveCursor(tx: Tx, page: Place & PageEnd): Promise<boolean> {
  const { lost, ...end } = page;
  const { rows } = await tx.raw<{ rows: unknown[] }>(saveSql, {
    ...end,
    lostFrom: lost?.from ?? null,
    lostTo: lost?.to ?? null,
    lostWhy: lost?.why ?? null,
  });
  return rows.length === 1;
}

/** The feed has nothing more now; it is read again after a rest. */
export async function saveFeedEnd(db: Db, { system, account }: Place, now: Date): Promise<void> {
  await db.raw(
    `update sweeps set more = false, tried_at = :now::timestamptz, problem = null, problem_at = null
     where system = :system and account = :account`,
    { system, account, now },
  );
}

/**
 * Whether records of the account may have pairs: what happened before the first cursor is known then
 * only from a comparison.
 */
export async function hasBegunReading(db: Db, { system, account }: Place): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select 1 from account_readings where system = :system and account = :account limit 1`,
    { system, account },
  );
  return rows.length > 0;
}

/**
 * Every pair was compared: nothing is lost any more, unless there was another loss since the
 * comparison began, when `losses` were counted. False if there was.
 */
export async function endLoss(db: Db, loss: Place & { losses: number }): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `update sweeps set lost_from = null, lost_to = null, lost_why = null
     where system = :system and account = :account and losses = :losses returning 1`,
    loss,
  );
  return rows.length === 1;
}
