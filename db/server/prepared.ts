// Statements that a session parses and plans once and then runs by their name. Planning one of the larger ones
// takes longer than running it.
//
// Behind a pooler that lends a session for one transaction at a time there are none: the next transaction may
// get a session that does not know the name (isLent in ./session.ts; connection.ts takes the name away). A
// pooler that could not be told from PostgreSQL is found out by its first such error: from then on this pool
// prepares nothing. A statement whose columns a migration has changed is run without its name, and its session
// is closed.
import type { Knex } from 'knex';
import { sqlState } from './errors.ts';
import type { Db, Tx } from './handles.ts';

/** Sessions keep a statement for as long as they live: texts beyond so many are planned each time. */
const MOST = 200;

/** The session does not know the name, or knows it already: it is not ours alone. */
const NOT_OURS = new Set(['26000', '42P05']);
/** The columns of the answer are other ones than when it was prepared. */
const OTHER_COLUMNS = '0A000';

const names = new Map<string, string>();
const without = new WeakSet<object>();

type Options = { rowMode?: 'array'; timeoutMs?: number };

/**
 * Runs a statement of our own text, with values as bindings only. In a transaction it is planned each time: an
 * error of a prepared one would end the transaction.
 */
export async function runPrepared<T extends { rows: unknown[] }>(
  db: Db | Tx,
  sql: string,
  bindings: Record<string, Knex.RawBinding>,
  { rowMode, timeoutMs }: Options = {},
): Promise<T> {
  const run = async (name: string | undefined): Promise<T> => {
    const query = db.raw<T>(sql, bindings).options({ ...(rowMode && { rowMode }), ...(name && { name }) });
    return (await (timeoutMs === undefined ? query : query.timeout(timeoutMs))) as T;
  };
  const name = db.isTransaction || without.has(db.client as object) ? undefined : nameOf(sql);
  if (name === undefined) return await run(undefined);
  try {
    return await run(name);
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (NOT_OURS.has(state)) without.add(db.client as object);
    else if (state !== OTHER_COLUMNS) throw error;
    // The server refused to begin: nothing was done.
    return await run(undefined);
  }
}

/** Undefined if there are too many. */
function nameOf(sql: string): string | undefined {
  let name = names.get(sql);
  if (name === undefined && names.size < MOST) names.set(sql, (name = `twinbox_${names.size + 1}`));
  return name;
}
