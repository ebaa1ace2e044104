// Closed intents and the calls that were made for them.
import type { Db, Tx } from './connection.ts';
import type { OpenIntent } from './mappings.ts';

export type IntentResult = 'done' | 'refused' | 'unknown' | 'not_needed';

export type ClosedIntent = OpenIntent & {
  mappingId: number;
  closedAt: Date;
  result: IntentResult;
  externalId: string | null;
  requestId: string | null;
};

export async function insertClosedIntent(tx: Tx, intent: ClosedIntent): Promise<void> {
  await tx.raw(
    `insert into sync_intents (id, mapping_id, number, operation, key, body, fields, version, first_sent_at, last_sent_at, closed_at, result, external_id, request_id)
     values (:id, :mappingId, :number, :operation, :key, :body::jsonb, :fields::jsonb, :version, :firstSentAt::timestamptz, :lastSentAt::timestamptz,
             :closedAt::timestamptz, :result, :externalId, :requestId)`,
    { ...intent, body: JSON.stringify(intent.body), fields: JSON.stringify(intent.fields) },
  );
}

export type Attempt = {
  id: string;
  mappingId: number;
  intentId: string | null;
  operation: string;
  key: string | null;
  requestId: string | null;
  status: number | null;
  replayed: boolean;
  error: string | null;
  latencyMs: number;
  at: Date;
};

export async function insertAttempts(tx: Tx, attempts: Attempt[]): Promise<void> {
  for (const attempt of attempts) {
    await tx.raw(
      `insert into sync_attempts (id, mapping_id, intent_id, operation, key, request_id, status, replayed, error, latency_ms, created_at)
       values (:id, :mappingId, :intentId, :operation, :key, :requestId, :status, :replayed, :error, :latencyMs, :at::timestamptz)`,
      attempt,
    );
  }
}

/**
 * Deletes of one system that are decided or done since a moment: what the outward fuse counts. Runs under the connection
 * row's lock, so two workers cannot both take the last place.
 */
export async function countDeletesSince(
  tx: Tx,
  system: string,
  since: Date,
  sinceUuid: string,
): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select (select count(*) from sync_intents i join external_mappings m on m.id = i.mapping_id
             where i.operation = 'delete' and i.id >= :sinceUuid and i.closed_at >= :since::timestamptz and i.result = 'done' and m.system = :system)
          + (select count(*) from external_mappings where system = :system and intent is not null and intent->>'operation' = 'delete') as count`,
    { system, since, sinceUuid },
  );
  return rows[0]?.count ?? 0;
}

export type EchoIntent = {
  id: string;
  mappingId: number;
  fields: OpenIntent['fields'];
  echoEvent: string | null;
};

export async function readClosedIntents(db: Db | Tx, ids: string[]): Promise<EchoIntent[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.raw<{ rows: EchoIntent[] }>(
    `select id, mapping_id as "mappingId", fields, echo_event as "echoEvent" from sync_intents where id = any(:ids::uuid[])`,
    { ids },
  );
  return rows;
}

/** Notes that an echo's previous values have been looked at, in the transaction of what followed from them. */
export async function markEchoesChecked(
  tx: Tx,
  checked: { intentId: string; eventId: string }[],
): Promise<void> {
  for (const { intentId, eventId } of checked) {
    await tx.raw(
      `update sync_intents set echo_event = :eventId where id = :intentId and echo_event is null`,
      { intentId, eventId },
    );
  }
}
