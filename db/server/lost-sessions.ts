// A session can be worth nothing although its connection stands: it leads to a server that has
// become a standby, it was opened while the database was read-only and keeps that as its default,
// or the server or a pooler is ending it. A pool would lend it out again and again.
import type pg from 'pg';

/**
 * By SQLSTATE: connection lost or refused by what lies between, ended or ending (57P01 to 57P05),
 * read-only.
 */
const LOST = /^(08...|57P0.|25006)$/;
const READ_ONLY = '25006';

/**
 * What knex looks at before it lends a connection out again: one that bears this is closed, and
 * another is opened.
 */
type Pooled = pg.Client & { __knex__disposed?: unknown };

/** The open sessions of a pool. */
export type OpenSessions = Set<Pooled>;

/**
 * From now on each error that the server answers on this connection is looked at, inside a
 * transaction and outside.
 */
export function watchSession(connection: pg.Client, open: OpenSessions): void {
  open.add(connection);
  connection.once('end', () => open.delete(connection));
  connection.connection.on('errorMessage', ({ code = '' }: { code?: string }) => {
    if (LOST.test(code) || beginning.has(connection)) discard(connection, code);
    // The others may have been opened on the same ground. One that has found the new server is
    // opened again for nothing, once.
    if (code === READ_ONLY) discardAll(open);
  });
}

/**
 * Who only reads meets no error where nothing can be written. Of use to whoever has seen that a
 * session is read-only.
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
 * Runs what begins a transaction. If a part of it fails, the connection may be left inside one: it
 * is not lent out again.
 */
export async function watchBegin(connection: object, begin: () => unknown): Promise<void> {
  beginning.add(connection);
  try {
    await begin();
  } finally {
    beginning.delete(connection);
  }
}
