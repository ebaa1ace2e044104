// The settings that every session of ours states for itself, so that no default of the server, the
// database or the role changes the meaning of our statements. They are stated in one statement
// after connecting, because a pooler such as PgBouncer refuses start-up parameters that it does not
// know.
//
// A pooler lends a session, in its transaction mode for one transaction at a time. In that mode
// PgBouncer carries over only the parameters that the server reports (DateStyle,
// standard_conforming_strings, client_encoding, TimeZone, application_name); all others stay on the
// server's session, and apply to the next client. So behind a pooler each transaction states
// everything once more, for itself alone, in the same round trip as its BEGIN; and the time limits,
// which could harm another program, are stated in transactions only.
import type pg from 'pg';
import { DbError } from './errors.ts';

export type SessionNeeds = { statementTimeoutMs: number };

const TRIGGERS = 'session_replication_role';

/**
 * The settings that our statements depend on (test/db/server/session.test.ts tries each). A setting
 * that this version does not have is left out.
 */
const MEANING: readonly [name: string, value: string][] = [
  // Only the output form; the order in which a user's own trigger reads 1/2/2026 is not changed.
  ['DateStyle', 'ISO'],
  // A backslash in a literal is a backslash.
  ['standard_conforming_strings', 'on'],
  // {null} in an array is a null, and not a text.
  ['array_nulls', 'on'],
  ['extra_float_digits', '1'],
  ['transform_null_equals', 'off'],
  // Statements wait for locks, and code that does not expect a serialization failure gets none.
  ['default_transaction_isolation', 'read committed'],
  ['lock_timeout', '0'],
  // One error does not end the session.
  ['exit_on_error', 'off'],
  ['idle_session_timeout', '0'],
  ['transaction_timeout', '0'],
  ['plpgsql.extra_errors', 'none'],
  // Without triggers no row gets its event. A role that may not set it is refused by
  // db/server/preflight.ts. Servers before 15, which are refused by their version, do not have
  // has_parameter_privilege().
  [TRIGGERS, 'origin'],
  // Every change that was answered with 201, and each request that is stored before it is sent,
  // survives a crash of the server.
  ['synchronous_commit', 'on'],
];

const limits = ({ statementTimeoutMs }: SessionNeeds): [name: string, value: string][] => [
  ['statement_timeout', String(statementTimeoutMs)],
  // A process that hangs inside a transaction must not hold its locks for ever.
  ['idle_in_transaction_session_timeout', '60000'],
];

/**
 * Only settings that differ are set. DateStyle is `ISO, MDY` or `ISO, DMY`; any synchronous_commit
 * but `off` is durable.
 */
function stateSql(settings: readonly [string, string][], local: boolean): string {
  const needed = settings.map(([name, value]) => `('${name}', '${value}')`).join(', ');
  return `select set_config(name, value, ${local}) from (values ${needed}) needed (name, value)
    where current_setting(name, true) <> value and not starts_with(current_setting(name, true), value || ',')
      and (name <> 'synchronous_commit' or current_setting(name) = 'off')
      and (name <> '${TRIGGERS}' or (select rolsuper from pg_roles where rolname = current_user))`;
}

/** Connections whose session another client may use between two transactions, behind a pooler. */
const lent = new WeakSet<object>();

/** Whether a pooler may give the session of this connection to others between two transactions. */
export function isLent(connection: object): boolean {
  return lent.has(connection);
}

/** Shorter than the pool's wait for a connection, so that the caller gets the reason. */
const PATIENCE_MS = 8_000;

/**
 * One round trip, for each new connection. Throws the error of the server, or `no_session` if a
 * pooler has accepted the connection and lends it no session.
 */
export async function stateSession(connection: pg.Client, needs: SessionNeeds): Promise<void> {
  const waited = new AbortController();
  const timer = setTimeout(() => {
    waited.abort();
    void connection.end();
  }, PATIENCE_MS);
  try {
    const [pid] = await runAll(connection, [
      'select pg_backend_pid() as pid',
      stateSql(MEANING, false),
      // `processID` is the number from the start of the connection, and a pooler gives its own.
      `${stateSql(limits(needs), false)} and pg_backend_pid() = ${processIdOf(connection)}`,
    ]);
    if (pid?.rows[0]?.['pid'] !== processIdOf(connection)) lent.add(connection);
  } catch (error) {
    if (!waited.signal.aborted) throw error;
    throw new DbError(
      'no_session',
      'no session of the database is free: a pooler has accepted the connection and lends it none. In session mode its default_pool_size ' +
        'must be above DATABASE_POOL_SIZE times the processes (docs/pooler.md)',
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

type Result = { rows: Record<string, unknown>[] };

/** Several statements in one text, which is one round trip; pg answers with one result for each. */
async function runAll(connection: pg.Client, statements: readonly string[]): Promise<Result[]> {
  return (await connection.query(statements.join(';\n'))) as unknown as Result[];
}

/** pg has this member, its types do not. A pooler may give none. */
function processIdOf(connection: pg.Client): number {
  return (connection as unknown as { processID: number | null }).processID ?? 0;
}

/**
 * The statements that begin a transaction on this connection: one round trip, with or without a
 * pooler.
 */
export function beginSql(connection: object, needs: SessionNeeds, { readOnly = false } = {}): string {
  const begin = `begin transaction isolation level read committed${readOnly ? ' read only' : ''}`;
  return lent.has(connection) ? `${begin};\n${stateSql([...MEANING, ...limits(needs)], true)}` : begin;
}
