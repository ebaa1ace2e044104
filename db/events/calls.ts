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

/** One delivery of an outbound event, and the time in which it was open. */
export type Carried = {
  mappingId: number;
  /** Null for an inbound event: only the intent that its delivery names carried it. */
  version: number | null;
  /** The intent that the delivery names. */
  intentId: string | null;
  from: Date;
  until: Date | null;
};

// No delivery names a refused write: the delivery is parked, and the next edit makes a new write. A
// refused write is found by its pair and version, and by its time, since a later change may have
// carried the event too.
const intentsSql = `
select id, mapping_id as "mappingId", operation, key, version, result, first_sent_at as "firstSentAt", last_sent_at as "lastSentAt",
       closed_at as "closedAt", request_id as "requestId"
from sync_intents i
where i.mapping_id = :mappingId and (i.id = :intentId::uuid or (
  i.version >= :version::bigint and i.closed_at >= :from::timestamptz and i.closed_at <= coalesce(:until::timestamptz, 'infinity')))
order by i.number`;

/**
 * The closed intents that carried an event, in their order: the last one succeeded, the others were
 * refused or given up.
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
  /** When the answer came, or the call failed. */
  at: Date;
};

/** The calls for the intents of a pair, also open ones. */
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
