import type pg from 'pg';
import { asConnectingError } from './connecting.ts';
import { loadKnex, loadPg } from './drivers.ts';
import { DbError, sqlState } from './errors.ts';
import type { Db, Tx } from './handles.ts';
import { discardAll, watchBegin, watchSession, type OpenSessions } from './lost-sessions.ts';
import { beginSql, isLent, stateSession, type SessionNeeds } from './session.ts';
import { readTime } from './times.ts';
import { forgetNumbersAhead, moveForFailedWrite } from '../sequences/taken-numbers.ts';
import { readEncryption } from './tls.ts';

export type { Db, Tx } from './handles.ts';

export type DbOptions = {
  /**
   * `postgresql://user:password@host:port/database`, with `sslmode` and similar parameters as libpq
   * defines them (./tls.ts)
   */
  url: string;
  poolSize: number;
  /** Shown in `pg_stat_activity`, to find the process that holds a lock. */
  applicationName: string;
  /** The longest time of a statement; default 30 s. */
  statementTimeoutMs?: number;
};

/**
 * Opens no connection yet: connections are made when they are needed. Close it with `db.destroy()`.
 * Throws `address_invalid` at once if the URL demands what cannot be done.
 */
export function createDb({ url, poolSize, applicationName, statementTimeoutMs = 30_000 }: DbOptions): Db {
  const db = loadKnex()({
    client: 'pg',
    // Otherwise knex would ask the first connection for its version, in a round trip of its own.
    // The oldest version that ./server.ts accepts.
    version: '15.0',
    connection: {
      ...connectionSettings(url),
      application_name: applicationName,
    },
    pool: { min: 0, max: poolSize },
    // See the limit in ./session.ts.
    acquireConnectionTimeout: 10_000,
    // Error messages must contain no values: values are names and emails of people.
    compileSqlOnError: false,
    // The caller gets the error; knex would also print it, around our log.
    log: { debug: ignore, deprecate: ignore, error: ignore, warn: ignore },
  });
  const client = db.client as PoolClient;
  openSessions(client, url, { statementTimeoutMs });
  return db;
}

/** The parts of knex's client that are used; knex types them as any. */
type PoolClient = {
  /** The pool calls it for each new connection. */
  acquireRawConnection(): Promise<pg.Client>;
  transaction(container: unknown, config?: { readOnly?: boolean }, outer?: unknown): KnexTransaction;
};
type KnexTransaction = {
  begin(connection: object): Promise<void>;
  query(connection: object, sql: string): unknown;
};

/**
 * knex has no hook for a connection that cannot be made, and later code cannot see that this was
 * the failure; nor has it a hook for BEGIN.
 */
function openSessions(client: PoolClient, url: string, needs: SessionNeeds): void {
  const connect = client.acquireRawConnection.bind(client);
  const open: OpenSessions = new Set();
  pools.set(client, open);
  client.acquireRawConnection = async () => {
    try {
      const connection = await connect();
      await stateSession(connection, needs).catch(async (error: unknown) => {
        await connection.end();
        throw error;
      });
      watchSession(connection, open);
      if (isLent(connection)) prepareNothing(connection);
      return connection;
    } catch (error) {
      throw asConnectingError(error, url);
    }
  };
  const transact = client.transaction.bind(client);
  client.transaction = (container, config, outer) => {
    const transaction = transact(container, config, outer);
    // knex calls it once there is a connection, never for a savepoint.
    transaction.begin = (connection) =>
      watchBegin(connection, () => transaction.query(connection, beginSql(connection, needs, config)));
    return transaction;
  };
}

/** The next transaction may run in another session, which would not know the name of a statement. */
function prepareNothing(connection: pg.Client): void {
  const query = connection.query.bind(connection) as (...given: unknown[]) => unknown;
  connection.query = ((config: unknown, ...rest: unknown[]) =>
    query(
      typeof config === 'object' && config !== null && 'name' in config
        ? { ...config, name: undefined }
        : config,
      ...rest,
    )) as pg.Client['query'];
}

const pools = new WeakMap<PoolClient, OpenSessions>();

/** No session that is open now is lent out again; work in progress on a session goes on. */
export function discardSessions(db: Db): void {
  discardAll(pools.get(db.client as PoolClient) ?? new Set());
}

const ignore = () => undefined;

/** The settings that both the pool and a single client of `pg` need. */
export function connectionSettings(url: string) {
  const encryption = readEncryption(url);
  return {
    // Without this a PGSSLMODE that is meant for another server would apply to the embedded one.
    ...(isOnThisMachine(url) ? { ssl: false } : {}),
    ...encryption,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** Whether the connection uses a network unencrypted, without a setting that allows it. */
export function leavesEncryptionOpen(url: string): boolean {
  return connectionSettings(url).ssl === undefined;
}

function isOnThisMachine(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  // A path is the directory of a socket.
  return /^(127\.0\.0\.1|localhost|\[?::1\]?|(\/|%2f).*)$/i.test(searchParams.get('host') ?? hostname);
}

/**
 * Runs `fn` in a transaction and commits. After a serialization failure (40001) or a deadlock
 * (40P01) PostgreSQL expects the same work again: it is repeated at once, and does not count as an
 * attempt. So is a transaction that met a number that is taken, once the sequences are moved
 * forward. `fn` may therefore run several times and must have no effect outside its transaction.
 */
export async function withTransaction<T>(db: Db, fn: (tx: Tx) => Promise<T>): Promise<T> {
  for (let repeats = 0, moves = 0; ; repeats += 1) {
    try {
      if (moves === 0) return await db.transaction(fn);
      return await db.transaction(async (tx) => {
        await forgetNumbersAhead(tx);
        return await fn(tx);
      });
    } catch (error) {
      if (repeats >= MAX_REPEATS) throw error;
      if (isRepeatable(error)) continue;
      if (!(await moveForFailedWrite(db, error, moves))) throw error;
      moves += 1;
    }
  }
}

/** Reads of one moment: what is written meanwhile is not seen. */
export async function withOneState<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction(work, { isolationLevel: 'repeatable read', readOnly: true });
}

/** A bound against endless repeats; two competing writers need one or two. */
const MAX_REPEATS = 20;

export function isRepeatable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new DbError('unsafe_integer', `the bigint ${text} cannot be held exactly by a JavaScript number`);
  }
  return value;
}

type ParseText = (text: string) => unknown;

/**
 * pg's own parsers, by the number of a type. Its TypeScript types list only some numbers, but any
 * works.
 */
function parserOf(oid: number, format?: string): ParseText {
  return (loadPg().types.getTypeParser as unknown as (oid: number, format?: string) => ParseText)(
    oid,
    format,
  );
}

const [INT8, INT8_ARRAY, DATE, DATE_ARRAY, TEXT_ARRAY] = [20, 1016, 1082, 1182, 1009];
const [TIMESTAMPTZ, TIMESTAMPTZ_ARRAY] = [1184, 1185];
const parseTextArray = (text: string) => parserOf(TEXT_ARRAY)(text) as (string | null)[];

/**
 * jsonb becomes values, as in pg; timestamptz a Date, always a valid one; xid8 and numeric stay
 * text.
 */
const OWN_PARSERS = new Map<number, ParseText>([
  [INT8, parseInt8],
  [INT8_ARRAY, (text) => parseTextArray(text).map((item) => (item === null ? null : parseInt8(item)))],
  // pg would make a date midnight in the time zone of this machine.
  [DATE, (text) => text],
  [DATE_ARRAY, parseTextArray],
  [TIMESTAMPTZ, readTime],
  [TIMESTAMPTZ_ARRAY, (text) => parseTextArray(text).map((item) => (item === null ? null : readTime(item)))],
]);

function getTypeParser(oid: number, format = 'text'): ParseText {
  return (format === 'text' ? OWN_PARSERS.get(oid) : undefined) ?? parserOf(oid, format);
}
