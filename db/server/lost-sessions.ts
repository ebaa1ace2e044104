// A session can be useless although its connection works: it leads to a server that has become a
// standby, it was opened while the database was read-only and keeps that as its default, or the
// server or a pooler is ending it; or it has prepared a statement with columns that have changed. A pool would lend it out again and again.
import type pg from 'pg';

/**
 * By SQLSTATE: connection lost, or refused by a pooler; ended or ending (57P01 to 57P05);
 * read-only; a prepared statement whose columns have changed (prepared.ts).
 */
const LOST = /^(08...|57P0.|25006|0A000)$/;
const READ_ONLY = '25006';

/**
 * knex checks this member before it lends a connection out again: a connection that has it is
 * closed, and another is opened.
 */
type Pooled = pg.Client & { __knex__disposed?: unknown };

/** The open sessions of a pool. */
export type OpenSessions = Set<Pooled>;

/**
 * From now on each error that the server sends on this connection is checked, inside a transaction
 * and outside.
 */
export function watchSession(connection: pg.Client, open: OpenSessions): void {
  open.add(connection);
  connection.once('end', () => open.delete(connection));
  connection.connection.on('errorMessage', ({ code = '' }: { code?: string }) => {
    if (LOST.test(code) || beginning.has(connection)) discard(connection, code);
    // The other sessions may have been opened in the same state. One that leads to the new server
    // is opened again without need, once.
    if (code === READ_ONLY) discardAll(open);
  });
}

/**
 * Discards all sessions. A process that only reads gets no error on a read-only session; a caller
 * that has seen a read-only session uses this.
 */
export function discardAll(open: OpenSessions): void {
  for (const session of open) discard(session, READ_ONLY);
}

/**
 * A statement or transaction in progress goes on; afterwards the pool does not lend the connection
 * again.
 */
function discard(session: Pooled, why: string): void {
  session.__knex__disposed ??= `lost session: ${why}`;
}

const beginning = new WeakSet<object>();

/**
 * Runs the beginning of a transaction. If a part of it fails, the connection may be left inside a
 * transaction: it is not lent out again.
 */
export async function watchBegin(connection: object, begin: () => unknown): Promise<void> {
  beginning.add(connection);
  try {
    await begin();
  } finally {
    beginning.delete(connection);
  }
}
