// A pooler in statement mode lends a session for one statement only, so no transaction can be begun
// through it. Reads succeed there, so whoever only reads would take the database for a usable one.
import type { Db, Tx } from './handles.ts';
import { DbError } from './errors.ts';

/**
 * PgBouncer gives this no state of its own (08P01 is any protocol violation);
 * test/db/pooler.test.ts fails when its text changes.
 */
const REFUSAL = /transaction blocks not allowed in statement pooling mode/i;

const FOUND =
  'transactions through this pooler cannot span statements (pool_mode = statement), and Twinbox makes every change in a transaction';
const ADVICE =
  'Set pool_mode = transaction or session in pgbouncer.ini, or let DATABASE_URL name the server itself (docs/pooler.md).';

/** What PgBouncer answers to a BEGIN in statement mode, with what to set; null for any other error. */
export function describeNoTransactions(error: unknown): { says: string; fix: string } | null {
  if (!(error instanceof Error) || !REFUSAL.test(error.message)) return null;
  return { says: FOUND, fix: ADVICE };
}

/** Throws `no_transactions`. A caller that has a transaction has proven it already. */
export async function assertTransactions(db: Db | Tx): Promise<void> {
  if (db.isTransaction === true) return;
  const found = await findNoTransactions(db);
  if (found) throw new DbError('no_transactions', `${found.says}. ${found.fix}`);
}

/** The same for whoever only looks: null where transactions work. */
export async function findNoTransactions(db: Db): Promise<{ says: string; fix: string } | null> {
  try {
    await db.transaction((tx) => tx.raw('select'), { readOnly: true });
    return null;
  } catch (error) {
    const found = describeNoTransactions(error);
    if (found === null) throw error;
    return found;
  }
}
