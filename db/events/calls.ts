// The writes that carried an event to a system, and the calls that were made for them.
import type { Db } from '../server/connection.ts';

export type EventIntent = {
  id: string;
  operation: string;
  key: string;
  version: number;
  result: string;
  firstSentAt: Date | null;
  lastSentAt: Date | null;
  closedAt: Date;
  requestId: string | null;
};

/** One delivery of a change of ours, and the time in which it was open. */
export type Carried = {
  mappingId: number;
  /** Null for an event of theirs: only the intent that its delivery names carried it. */
  version: number | null;
  /** As its delivery names it. */
  intentId: string | null;
  from: Date;
  until: Date | null;
};

// A refused write is named by no delivery: the delivery is parked, and the next edit writes anew.
// It is found by its pair and version, and by its time, since a later change may have carried the
// event as well.
const intentsSql = `
select id, mapping_id as "mappingId", operation, key, version, result, first_sent_at as "firstSentAt", last_sent_at as "lastSentAt",
       closed_at as "closedAt", request_id as "requestId"
from sync_intents i
where i.mapping_id = :mappingId and (i.id = :intentId::uuid or (
  i.version >= :version::bigint and i.closed_at >= :from::timestamptz and i.closed_at <= coalesce(:until::timestamptz, 'infinity')))
order by i.number`;

/**
 * The closed intents that carried an event, in their order: the last is the one that did it, the
 * others were refused or given up.
 */
export async function readCarryingIntents(db: Db, carried: Carried): Promise<EventIntent[]> {
  const { rows } = await db.raw<{ rows: EventIntent[] }>(intentsSql, carried);
  return rows;
}

export type EventAttempt = {
  intentId: string | null;
  operation: string;
  requestId: string | null;
  status: number | null;
  replayed: boolean;
  error: string | null;
  latencyMs: number;
  /** When its answer came, or failed to. */
  at: Date;
};

/** The calls that were made for intents of a pair, open ones included. */
export async function readEventAttempts(
  db: Db,
  { intentIds, mappingId }: { intentIds: string[]; mappingId: number },
): Promise<EventAttempt[]> {
  if (intentIds.length === 0) return [];
  const { rows } = await db.raw<{ rows: EventAttempt[] }>(
    `select intent_id as "intentId", operation, request_id as "requestId", status, replayed, error, latency_ms as "latencyMs", created_at as at
     from sync_attempts where mapping_id = :mappingId and intent_id = any(:intentIds::uuid[]) order by id`,
    { mappingId, intentIds },
  );
  return rows;
}
