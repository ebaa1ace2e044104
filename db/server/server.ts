import type pg from 'pg';
import { connectionSettings, type Db, type Tx } from './connection.ts';
import { loadPg } from './drivers.ts';
import { DbError, sqlState } from './errors.ts';

/** What must be asked of a server before our database exists. */

/** The data directory of the server at this URL. Throws the errors of `pg` if no server answers. */
export async function serverDataDirectory(url: string): Promise<string> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory ?? '';
  });
}

/** The oldest version on which the migrations run. */
const OLDEST = 15;

/** Throws `server_too_old`. */
export async function assertServerVersion(db: Db | Tx): Promise<void> {
  const { rows } = await db.raw<{ rows: { number: number }[] }>(
    `select current_setting('server_version_num')::integer as number`,
  );
  const refusal = judgeServerVersion(rows[0]?.number ?? 0);
  if (refusal) throw refusal;
}

/**
 * By `server_version_num`: 150018 is 15.18, and before version 10 90624 was 9.6.24. Null if new
 * enough.
 */
export function judgeServerVersion(number: number): DbError | null {
  const major = Math.floor(number / 10_000);
  if (major >= OLDEST) return null;
  const name = major >= 10 ? [major, number % 10_000] : [major, Math.floor(number / 100) % 100, number % 100];
  return new DbError(
    'server_too_old',
    `this is PostgreSQL ${name.join('.')}, and Twinbox needs ${OLDEST} or newer: move the database to a newer server, or set DATABASE_URL to one`,
  );
}

/**
 * Creates the database if it is missing; `template` is copied, and must have no connections. Its files are copied:
 * to write each page into the log as well, as PostgreSQL does by itself, takes twice the time.
 */
export async function ensureDatabase(url: string, name: string, template?: string): Promise<boolean> {
  return await withClient(url, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return false;
    const copied =
      template === undefined ? '' : ` template ${client.escapeIdentifier(template)} strategy file_copy`;
    try {
      await client.query(`create database ${client.escapeIdentifier(name)}${copied}`);
      return true;
    } catch (error) {
      // Another process created it between the two statements.
      if (isTaken(error)) return false;
      throw error;
    }
  });
}

/** False, and nothing done, if the new name is taken. Neither database may have connections. */
export async function renameDatabase(url: string, from: string, to: string): Promise<boolean> {
  return await withClient(url, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [to]);
    if (rowCount !== 0) return false;
    try {
      await client.query(
        `alter database ${client.escapeIdentifier(from)} rename to ${client.escapeIdentifier(to)}`,
      );
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  });
}

/** Ends every connection to the database and removes it; it may be missing. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
  });
}

/** The same server, another database. */
export function databaseUrl(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.href;
}

/** Another process did the same between our check and our statement. */
function isTaken(error: unknown): boolean {
  const state = sqlState(error);
  return state === '42P04' || state === '23505';
}

async function withClient<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new (loadPg().Client)(connectionSettings(url));
  // A connection that breaks while it is idle must not end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
