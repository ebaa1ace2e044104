// Counts of what is not at rest, by the indexes of it.
import type { Db } from './connection.ts';

/**
 * All counts of one moment, each by its index. The planner takes nearly all pairs for those with open work
 * (two columns that differ), and would read the whole table.
 */
export async function byIndexes<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(
    async (tx) => {
      await tx.raw(`select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`);
      return work(tx as Db);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}
