// Statements that cannot be part of a transaction, such as `create index concurrently`, and that may
// take longer than a session of ours allows.
import type { Db } from './connection.ts';
import { discardSessions } from './connection.ts';
import { isLent } from './session.ts';

type Connection = { query(sql: string): Promise<unknown> };
type Pool = {
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
};

/**
 * Runs one statement without a limit of time. The session whose limit was lifted is not used again.
 * Behind a pooler the session belongs to others too and keeps its settings: there, no limit of ours
 * holds outside a transaction (session.ts).
 */
export async function runAlone(db: Db, sql: string): Promise<void> {
  const pool = db.client as Pool;
  const connection = await pool.acquireConnection();
  try {
    if (!isLent(connection)) await connection.query('set statement_timeout = 0');
    await connection.query(sql);
  } finally {
    discardSessions(db);
    await pool.releaseConnection(connection);
  }
}
