import knex, { type Knex } from 'knex';
import pg from 'pg';
import { asConnectingError } from './connecting.ts';
import { DbError, sqlState } from './errors.ts';
import { forgetNumbersAhead, moveForFailedWrite } from './taken-numbers.ts';
import { readEncryption } from './tls.ts';

/** A pool of connections, or one transaction: reads take either. */
export type Db = Knex;
/** An open transaction: what writes an event takes one as its first argument. */
export type Tx = Knex.Transaction;

export type DbOptions = {
  /** `postgresql://user:password@host:port/database`, with `sslmode` and its like as libpq knows them (./tls.ts) */
  url: string;
  poolSize: number;
  /** Shown in `pg_stat_activity`: which process holds that lock? */
  applicationName: string;
  /** No statement runs longer; 30 s unless told. */
  statementTimeoutMs?: number;
};

/**
 * Opens nothing yet: connections are made when they are needed. Close it with `db.destroy()`. Throws `address_invalid`
 * at once if the URL asks for what cannot be done.
 */
export function createDb({ url, poolSize, applicationName, statementTimeoutMs = 30_000 }: DbOptions): Db {
  const db = knex({
    client: 'pg',
    connection: {
      ...connectionSettings(url),
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      // A process that hangs inside a transaction must not hold its locks for ever.
      idle_in_transaction_session_timeout: 60_000,
    },
    pool: { min: 0, max: poolSize },
    acquireConnectionTimeout: 10_000,
    // Values do not belong in error messages: they are people's names and emails.
    compileSqlOnError: false,
    // Whoever asked gets the error; knex would also print it, past our log.
    log: { debug: ignore, deprecate: ignore, error: ignore, warn: ignore },
  });
  sayWhyNot(db, url);
  return db;
}

/** knex has no hook for a connection that cannot be made, and further on nobody knows that it was that. */
function sayWhyNot(db: Db, url: string): void {
  // What knex's pool calls for each new connection; knex types its client as any.
  const client = db.client as { acquireRawConnection(): Promise<unknown> };
  const connect = client.acquireRawConnection.bind(client);
  client.acquireRawConnection = async () => {
    try {
      return await connect();
    } catch (error) {
      throw asConnectingError(error, url);
    }
  };
}

const ignore = () => undefined;

/** What both the pool and a single client of `pg` need. */
export function connectionSettings(url: string) {
  const encryption = readEncryption(url);
  return {
    // Without this a PGSSLMODE meant for another server would be asked of the embedded one.
    ...(isOnThisMachine(url) ? { ssl: false } : {}),
    ...encryption,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** Whether nobody has said that clear text is meant, and it goes over a network. */
export function leavesEncryptionOpen(url: string): boolean {
  return connectionSettings(url).ssl === undefined;
}

function isOnThisMachine(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  // A path is the folder of a socket.
  return /^(127\.0\.0\.1|localhost|\[?::1\]?|(\/|%2f).*)$/i.test(searchParams.get('host') ?? hostname);
}

/**
 * Runs `fn` in a transaction and commits. A serialization failure (40001) or a deadlock (40P01) means that
 * Postgres asks for the same work again: it is repeated at once, and counts as no attempt of anything. So is what met a number
 * that is taken, once the sequences are moved forward. `fn` may therefore run several times and must have no effect outside its transaction.
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

/** A bound against a loop that can never win; two writers need one or two. */
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

/** pg's own parsers, by the number of a type. Its types name only some of the numbers and answer any. */
const parserOf = pg.types.getTypeParser as unknown as (oid: number, format?: string) => ParseText;

const [INT8, INT8_ARRAY, DATE, DATE_ARRAY, TEXT_ARRAY] = [20, 1016, 1082, 1182, 1009];
const parseTextArray = parserOf(TEXT_ARRAY) as (text: string) => (string | null)[];

/** jsonb becomes values and timestamptz a Date, as pg does it; xid8 and numeric stay text. */
const OWN_PARSERS = new Map<number, ParseText>([
  [INT8, parseInt8],
  [INT8_ARRAY, (text) => parseTextArray(text).map((item) => (item === null ? null : parseInt8(item)))],
  // pg would make a date the midnight of whatever time zone this machine has.
  [DATE, (text) => text],
  [DATE_ARRAY, parseTextArray],
]);

function getTypeParser(oid: number, format = 'text'): ParseText {
  return (format === 'text' ? OWN_PARSERS.get(oid) : undefined) ?? parserOf(oid, format);
}
