// A write that met a number that a row has already, or an event id that is too low: the sequences
// are moved forward, and the write is repeated.
import type { Db, Tx } from '../server/handles.ts';
import { sqlState } from '../server/errors.ts';
import { attachedTables } from '../entities/attached.ts';
import { numberedTables } from './state.ts';
import { moveSequences } from './move-forward.ts';

/**
 * One move is enough, unless a transaction with given ids commits between a move and the next try.
 */
const MAX_MOVES = 5;

const isPrimaryKeySql = `
select exists (
  select from pg_constraint k join pg_class t on t.oid = k.conrelid
  where k.contype = 'p' and k.conname = :constraint and t.relname = :table and t.relnamespace::regnamespace::text = quote_ident(:schema)
    and (t.relname = any(:tables::text[]) or exists (
      select from pg_inherits i where i.inhrelid = t.oid and i.inhparent = 'sync_events'::regclass))) as taken`;

/**
 * Moves the sequences if a failed write needs that; returns whether the same write should be tried
 * again. `db` is the pool, never the transaction that failed; `moves` is how often this was called
 * for the same write.
 */
export async function moveForFailedWrite(db: Db, error: unknown, moves: number): Promise<boolean> {
  try {
    if (moves >= MAX_MOVES || !(await isAboutNumbers(db, error))) return false;
    await moveSequences(db);
    return true;
  } catch {
    // The writer gets the error of its write; the next check will find that the sequences could not
    // be moved.
    return false;
  }
}

async function isAboutNumbers(db: Db, error: unknown): Promise<boolean> {
  switch (sqlState(error)) {
    case '2200H': // the sequence has no number left
    case 'TB008': // at or below the relay's floor
    case 'TB001': // not above the last event id of the row
      return true;
    case '23505':
      return await isTakenNumber(db, error);
    default:
      return false;
  }
}

async function isTakenNumber(db: Db, error: unknown): Promise<boolean> {
  if (!(error instanceof Error) || !('constraint' in error) || !('table' in error) || !('schema' in error))
    return false;
  const { constraint, table, schema } = error;
  const { rows } = await db.raw<{ rows: { taken: boolean }[] }>(isPrimaryKeySql, {
    constraint: String(constraint),
    table: String(table),
    schema: String(schema),
    tables: [...numberedTables, ...(await attachedTables(db))],
  });
  return rows[0]?.taken === true;
}

/** A session may keep numbers that it drew ahead, before the sequence was moved. */
export async function forgetNumbersAhead(tx: Tx): Promise<void> {
  await tx.raw('discard sequences');
}

/**
 * Runs a write of one statement, outside a transaction or in one. In a transaction the owner of the
 * transaction repeats it: see withTransaction. `isAnswer`: an error that is no fault of a number.
 */
export async function writeNumbered<T>(
  db: Db | Tx,
  write: (at: Db | Tx) => Promise<T>,
  isAnswer: (error: unknown) => boolean = () => false,
): Promise<T> {
  if (db.isTransaction) return await write(db);
  for (let moves = 0; ; moves += 1) {
    try {
      if (moves === 0) return await write(db);
      return await db.transaction(async (tx) => {
        await forgetNumbersAhead(tx);
        return await write(tx);
      });
    } catch (error) {
      if (isAnswer(error) || !(await moveForFailedWrite(db, error, moves))) throw error;
    }
  }
}
