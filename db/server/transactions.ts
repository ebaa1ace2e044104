// A pooler in statement mode lends a session for one statement only, so no transaction can begin
// through it. Reads succeed, so a process that only reads would think that the database can be
// used.
import type { Db, Tx } from './handles.ts';
import { DbError } from './errors.ts';

/**
 * PgBouncer gives this error no state of its own (08P01 is any protocol violation);
 * test/db/pooler.test.ts fails when its text changes.
 */
const REFUSAL = /transaction blocks not allowed in statement pooling mode/i;

const FOUND =
  'transactions through this pooler cannot span statements (pool_mode = statement), and Twinbox makes every change in a transaction';
const ADVICE =
  'Set pool_mode = transaction or session in pgbouncer.ini, or let DATABASE_URL name the server itself (docs/pooler.md).';

/** The fix for PgBouncer's answer to a BEGIN in statement mode; null for any other error. */
export function describeNoTransactions(error: unknown): { says: string; fix: string } | null {
  if (!(error instanceof Error) || !REFUSAL.test(error.message)) return null;
  return { says: FOUND, fix: ADVICE };
}

/** Throws `no_transactions`. A caller that is in a transaction has proved that they work. */
export async function assertTransactions(db: Db | Tx): Promise<void> {
  if (db.isTransaction === true) return;
  const found = await findNoTransactions(db);
  if (found) throw new DbError('no_transactions', `${found.says}. ${found.fix}`);
}

/** The same for a caller that only looks: null if transactions work. */
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
