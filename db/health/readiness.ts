// What /ready and `twinbox status` read: does the database answer, and how far behind are relay and
// workers?

import { joinClosedSql } from '../mappings/closed-pairs.ts';
import { isOfInterestSql } from '../mappings/left-out.ts';
import { discardSessions, type Db } from '../server/connection.ts';
import { isPoolTimeout } from '../server/drivers.ts';
import { DbError, sqlState, type DbErrorCode } from '../server/errors.ts';

/**
 * Whether this connection leads to a server that accepts writes; a standby after a fail-over does
 * not. If it does not, the next check uses another connection, because a process that reports
 * itself as not writable gets no writes, and so would not find the new server by a write.
 */
export async function isWritable(db: Db): Promise<boolean> {
  // In a transaction, as every write is: a pooler in statement mode answers reads but no
  // transaction.
  const { rows } = await db.transaction((tx) =>
    tx.raw<{ rows: { read_only: string }[] }>(`select current_setting('transaction_read_only') as read_only`),
  );
  const writable = rows[0]?.read_only === 'off';
  if (!writable) discardSessions(db);
  return writable;
}

/** Whether the traffic of this connection is unencrypted. */
export async function isInClearText(db: Db): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { ssl: boolean }[] }>(
    'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
  );
  return rows[0]?.ssl === false;
}

export type SyncBacklog = {
  dirty: number;
  /** Without those that a person has closed; so is `waiting`. */
  parked: number;
  waiting: number;
  /** Parked and waiting pairs that a person has closed. */
  closed: number;
  oldestIntent: { mappingId: number; customerId: number | null; operation: string; firstSentAt: Date } | null;
};

/** Each figure reads a partial index, so clean pairs cost nothing. */
export async function readSyncBacklog(db: Db): Promise<SyncBacklog> {
  const { rows } = await db.raw<{ rows: SyncBacklog[] }>(
    `select
       (select count(*) from external_mappings where dirty <> clean) as dirty,
       count(*) filter (where m.state = 'parked' and c.mapping_id is null) as parked,
       count(*) filter (where m.state = 'waiting' and c.mapping_id is null) as waiting,
       count(c.mapping_id) as closed
     from external_mappings m ${joinClosedSql('m')}
     where m.state in ('parked', 'waiting') and ${isOfInterestSql('m')}`,
  );
  // A damaged time must not hide the others from the report: it does not have the form of our
  // times, and its pair is parked as damaged.
  type Oldest = { mappingId: number; customerId: number | null; operation: string; firstSentAt: string };
  const intents = await db.raw<{ rows: Oldest[] }>(
    `select id as "mappingId", internal_id as "customerId", intent->>'operation' as operation, intent->>'firstSentAt' as "firstSentAt"
     from external_mappings where intent is not null and intent->>'firstSentAt' like '2___-__-__T__:__:__%Z'
     order by intent->>'firstSentAt' limit 1`,
  );
  const [oldest] = intents.rows;
  return {
    ...(rows[0] ?? { dirty: 0, parked: 0, waiting: 0, closed: 0 }),
    oldestIntent: oldest ? { ...oldest, firstSentAt: new Date(oldest.firstSentAt) } : null,
  };
}

const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOENT', 'ENOTFOUND', 'EAI_AGAIN'], // no socket file; no such name, or no name server to ask
]);

// By class: connection, resources, operator intervention, system error. Single states: now
// read-only, still starting, or locked.
const AWAY_STATES = /^(08|53|57|58)...$|^(25006|55P03)$/;

const AWAY_CODES: ReadonlySet<DbErrorCode> = new Set(['unreachable', 'no_session', 'read_only']);

/**
 * Whether an error means that the database is away, starting, full or read-only: the statement
 * itself is not at fault.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (isPoolTimeout(error)) return true;
  if (isConnectionRefused(error)) return true;
  if (error instanceof DbError) return AWAY_CODES.has(error.code);
  const state = sqlState(error);
  if (state !== undefined) return AWAY_STATES.test(state);
  if (!(error instanceof Error)) return false;
  if ('code' in error) return typeof error.code === 'string' && NETWORK_CODES.has(error.code);
  // pg reports a connection that was lost during a statement by an Error without a code; our own
  // errors have a code or a class.
  return error.constructor === Error;
}

// By class: invalid authorization, no such database.
const REFUSED_STATES = /^(28|3D)...$/;

/**
 * Whether the server answers and refuses us (or we refuse it): a person has to fix the address, a
 * password or a certificate. A running process treats the server as away until then; a process that
 * starts need not wait.
 */
export function isConnectionRefused(error: unknown): boolean {
  if (error instanceof DbError) return ['tls_refused', 'refused', 'no_transactions'].includes(error.code);
  return REFUSED_STATES.test(sqlState(error) ?? '');
}
