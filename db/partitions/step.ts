// One step of upkeep: a short transaction. Only one process at a time is in such a step, and a step
// does not wait long for another session.
//
// A step gets nothing from the one before it except what is in the database, so a process that dies
// in a step leaves the earlier state, and the next round of any process goes on from that.
import type { Db, Tx } from '../server/connection.ts';
import { sqlState } from '../server/errors.ts';

/** Any fixed number: the process that holds this advisory lock is in a step. */
const UPKEEP_LOCK = 7_240_114;

/**
 * Writers queue behind a lock that is waited for, so this is also the longest time for which upkeep
 * delays them without result.
 */
const LOCK_TIMEOUT_MS = 200;

/**
 * `busy`: another process is in a step. `locked`: another session holds a lock that is needed; the
 * next round tries again.
 */
export type StepOutcome<T> = { kind: 'done'; value: T } | { kind: 'busy' } | { kind: 'locked' };

/** Called between any two statements of upkeep; tests end the process in it. */
export type Pass = (where: string) => void | Promise<void>;

export async function runStep<T>(db: Db, step: (tx: Tx) => Promise<T | 'busy'>): Promise<StepOutcome<T>> {
  try {
    return await db.transaction(async (tx): Promise<StepOutcome<T>> => {
      await tx.raw(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      const { rows } = await tx.raw<{ rows: { got: boolean }[] }>(
        `select pg_try_advisory_xact_lock(${UPKEEP_LOCK}) as got`,
      );
      if (rows[0]?.got !== true) return { kind: 'busy' };
      const value = await step(tx);
      return value === 'busy' ? { kind: 'busy' } : { kind: 'done', value };
    });
  } catch (error) {
    const state = sqlState(error);
    if (state === '55P03' || state === '40P01') return { kind: 'locked' };
    throw error;
  }
}
