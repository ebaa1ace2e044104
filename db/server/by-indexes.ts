// Counts of what is not at rest, and pages of it, by the indexes of it.
import type { Db } from './connection.ts';

/**
 * All counts of one moment, each by its index. The planner takes nearly all pairs for those with open work
 * (two columns that differ), and would read the whole table.
 */
export async function byIndexes<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return withoutPlans(db, ['enable_seqscan', 'jit'], work);
}

/**
 * A page in the order of an index: its rows are read one by one until it is full. The planner, which takes few rows for
 * those that fit, would read and sort all of them.
 */
export async function inOrderOfIndex<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return withoutPlans(db, ['enable_seqscan', 'enable_bitmapscan', 'enable_sort', 'jit'], work);
}

async function withoutPlans<T>(
  db: Db,
  settings: readonly string[],
  work: (tx: Db) => Promise<T>,
): Promise<T> {
  return db.transaction(
    async (tx) => {
      await tx.raw(`select set_config(name, 'off', true) from unnest(:settings::text[]) s(name)`, {
        settings: [...settings],
      });
      return work(tx as Db);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}
