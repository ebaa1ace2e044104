// Statements that a session parses and plans once and then runs by their name. Planning one of the larger ones
// takes longer than running it.
//
// Behind a pooler that lends a session for one transaction at a time there are none: the next transaction may
// get a session that does not know the name (isLent in ./session.ts; connection.ts takes the name away). A
// pooler that could not be told from PostgreSQL is found out by its first such error: from then on this pool
// prepares nothing. A statement whose columns a migration has changed is run without its name, and its session
// is closed.
//
// A named statement goes to pg past knex, which would look for the names of the bindings in the whole text at
// every call. The connection is one of the pool all the same, and listeners of `query` hear of it.
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type pg from 'pg';
import { loadKnex } from './drivers.ts';
import { sqlState } from './errors.ts';
import type { Db, Tx } from './handles.ts';
import { readNames, type Positional } from './positional.ts';
import { withRawRows, type OnRow } from './raw-rows.ts';

/** Sessions keep a statement for as long as they live: texts beyond so many are planned each time. */
const MOST = 200;

/** The session does not know the name, or knows it already: it is not ours alone. */
const NOT_OURS = new Set(['26000', '42P05']);
/** The columns of the answer are other ones than when it was prepared. */
const OTHER_COLUMNS = '0A000';

type Prepared = Positional & { name: string };
const statements = new Map<string, Prepared>();
const without = new WeakSet<object>();

type Options = {
  rowMode?: 'array';
  timeoutMs?: number;
  /** Gets the rows as the server sent them; those of a statement that runs without a name are in the result. */
  onRow?: OnRow;
};
type Bindings = Record<string, Knex.RawBinding>;

/** The parts of knex's client that are used; knex types them as any. */
type PoolClient = {
  acquireConnection(): Promise<pg.Client & { __knex__disposed?: unknown }>;
  releaseConnection(connection: object): Promise<void>;
  emit(event: 'query', query: { sql: string; bindings: unknown[] }): void;
};

/**
 * Runs a statement of our own text, with values as bindings only: every call of a text names the same ones. In a
 * transaction it is planned each time: an error of a prepared one would end the transaction.
 */
export async function runPrepared<T extends { rows: unknown[] }>(
  db: Db | Tx,
  sql: string,
  bindings: Bindings,
  options: Options = {},
): Promise<T> {
  const client = db.client as PoolClient;
  const statement =
    db.isTransaction || without.has(client) ? undefined : (statements.get(sql) ?? prepare(sql, bindings));
  if (statement === undefined) return await runUnnamed(db, sql, bindings, options);
  try {
    return (await runNamed(client, statement, bindings, options)) as T;
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (NOT_OURS.has(state)) without.add(client);
    else if (state !== OTHER_COLUMNS) throw error;
    // A statement that fails has done nothing, so it may be run again.
    return await runUnnamed(db, sql, bindings, options);
  }
}

/** Undefined if there are too many. */
function prepare(sql: string, bindings: Bindings): Prepared | undefined {
  if (statements.size >= MOST) return undefined;
  const statement = { name: nameOf(sql), ...readNames(sql, Object.keys(bindings)) };
  statements.set(sql, statement);
  return statement;
}

/**
 * The same in every process, and of no other text: behind a pooler that was not found out yet, a name may be one that
 * another process has prepared in this session.
 */
function nameOf(sql: string): string {
  return `twinbox_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
}

async function runUnnamed<T>(
  db: Db | Tx,
  sql: string,
  bindings: Bindings,
  { rowMode, timeoutMs }: Options,
): Promise<T> {
  const query = db.raw<T>(sql, bindings).options(rowMode ? { rowMode } : {});
  return (await (timeoutMs === undefined ? query : query.timeout(timeoutMs))) as T;
}

async function runNamed(
  client: PoolClient,
  { name, text, order }: Prepared,
  bindings: Bindings,
  { rowMode, timeoutMs, onRow }: Options,
): Promise<unknown> {
  const values = order.map((each) => bindings[each]);
  const connection = await client.acquireConnection();
  let late: NodeJS.Timeout | undefined;
  try {
    client.emit('query', { sql: text, bindings: values });
    const run = () =>
      new Promise((resolve, reject) => {
        if (timeoutMs !== undefined)
          late = setTimeout(() => {
            const error = new (loadKnex().KnexTimeoutError)(`the statement took longer than ${timeoutMs} ms`);
            // The pool does not lend it again: it is busy until the statement ends.
            connection.__knex__disposed = error;
            reject(error);
          }, timeoutMs);
        connection.query(
          { name, text, values, ...(rowMode && { rowMode }) },
          (error: Error | null, result) => {
            if (!error) return resolve(result);
            // As knex says it for all other statements.
            error.message = `${text} - ${error.message}`;
            reject(error);
          },
        );
      });
    return await (onRow ? withRawRows(connection, onRow, run) : run());
  } finally {
    clearTimeout(late);
    await client.releaseConnection(connection);
  }
}
