// Closed intents and the calls that were made for them.
import type { Db, Tx } from './server/connection.ts';
import type { OpenIntent } from './mappings/mappings.ts';

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
    `insert into sync_intents (id, mapping_id, number, operation, key, body, fields, beside, version, hop, first_sent_at, last_sent_at, closed_at, result, external_id, request_id)
     values (:id, :mappingId, :number, :operation, :key, :body::jsonb, :fields::jsonb, :beside::jsonb, :version, :hop, :firstSentAt::timestamptz, :lastSentAt::timestamptz,
             :closedAt::timestamptz, :result, :externalId, :requestId)`,
    {
      ...intent,
      body: JSON.stringify(intent.body),
      fields: JSON.stringify(intent.fields),
      beside: intent.beside === undefined ? null : JSON.stringify(intent.beside),
    },
  );
}

/**
 * Stores how far the search for an open intent's effect has got, if the lease with this fence still
 * holds.
 */
export async function saveLooked(
  db: Db,
  id: number,
  fence: number,
  looked: OpenIntent['looked'],
): Promise<void> {
  await db.raw(
    `update external_mappings set intent = jsonb_set(intent, '{looked}', :looked::jsonb) where id = :id and fence = :fence and intent is not null`,
    { id, fence, looked: JSON.stringify(looked ?? {}) },
  );
}

export type LastIntent = {
  operation: string;
  body: Record<string, unknown>;
  /** Of our row, as it was sent. */
  version: number;
  result: IntentResult;
};

/** The intent of a pair that was closed last; null if the pair has none. */
export async function readLastIntent(db: Db | Tx, mappingId: number): Promise<LastIntent | null> {
  const { rows } = await db.raw<{ rows: LastIntent[] }>(
    `select operation, body, version, result from sync_intents where mapping_id = :mappingId order by number desc limit 1`,
    { mappingId },
  );
  return rows[0] ?? null;
}

/** The same of several pairs, by their ids; a pair that has none is not there. */
export async function readLastIntents(
  db: Db | Tx,
  mappingIds: readonly number[],
): Promise<Map<number, LastIntent>> {
  const { rows } = await db.raw<{ rows: { id: number; intent: LastIntent }[] }>(
    `select w.id, jsonb_build_object('operation', i.operation, 'body', i.body, 'version', i.version, 'result', i.result) as intent
     from unnest(:mappingIds::bigint[]) w(id)
     cross join lateral (select * from sync_intents where mapping_id = w.id order by number desc limit 1) i`,
    { mappingIds: [...mappingIds] },
  );
  return new Map(rows.map(({ id, intent }) => [id, intent]));
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
 * How many deletes of one system were decided since a time and not refused, closed or still open:
 * the outbound fuse counts them. The time of the decision counts, which is the beginning of the
 * intent's id, so that each delete counts once, however long its answer takes. The id of an open
 * intent is compared as text, which gives the same order: as a uuid, a damaged id would fail the
 * count for every mapping. Runs under the lock of the connection's row, so two workers cannot both
 * take the last place.
 */
export async function countDeletesOutSince(tx: Db | Tx, system: string, sinceId: string): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select (select count(*) from sync_intents i join external_mappings m on m.id = i.mapping_id
             where i.operation = 'delete' and i.id >= :sinceId and i.result <> 'refused' and m.system = :system)
          + (select count(*) from external_mappings
             where system = :system and intent is not null and intent->>'operation' = 'delete' and intent->>'id' >= :sinceId::text) as count`,
    { system, sinceId },
  );
  return rows[0]?.count ?? 0;
}

export type EchoIntent = {
  id: string;
  key: string;
  mappingId: number;
  hop: number;
  fields: OpenIntent['fields'];
  beside: OpenIntent['beside'] | null;
  echoEvent: string | null;
};

const echoColumns = `i.id, i.key, i.mapping_id as "mappingId", i.hop, i.fields, i.beside, i.echo_event as "echoEvent"`;

export async function readClosedIntents(db: Db | Tx, ids: string[]): Promise<EchoIntent[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.raw<{ rows: EchoIntent[] }>(
    `select ${echoColumns} from sync_intents i where i.id = any(:ids::uuid[])`,
    { ids },
  );
  return rows;
}

/** Closed intents by the system's own id of the request: a delete has no idempotency key. */
export async function readIntentsByRequest(
  db: Db | Tx,
  requestIds: string[],
): Promise<(EchoIntent & { requestId: string })[]> {
  if (requestIds.length === 0) return [];
  const { rows } = await db.raw<{ rows: (EchoIntent & { requestId: string })[] }>(
    `select ${echoColumns}, a.request_id as "requestId"
     from sync_attempts a join sync_intents i on i.id = a.intent_id where a.request_id = any(:requestIds)`,
    { requestIds },
  );
  return rows;
}

/** `overAt`: the later of its last send and its end. */
export type UnnamedWrite = EchoIntent & { firstSentAt: Date; overAt: Date };

const updatesSql = `
select ${echoColumns}, coalesce(i.first_sent_at, i.closed_at) as "firstSentAt", greatest(i.last_sent_at, i.closed_at) as "overAt"
from sync_intents i
where i.mapping_id = :mappingId and i.operation = 'update' and i.result in ('done', 'unknown')
  and i.closed_at >= :since::timestamptz and i.fields <> '{}'::jsonb
order by i.number`;

/** Updates of a pair that can have taken effect and ended since then. */
export async function readUpdatesSince(db: Db | Tx, mappingId: number, since: Date): Promise<UnnamedWrite[]> {
  const { rows } = await db.raw<{ rows: UnnamedWrite[] }>(updatesSql, { mappingId, since });
  return rows;
}

/** Stores in the deliveries that an intent carried which echo has confirmed them. Returns how many seconds after each was settled. */
export async function confirmDeliveries(
  tx: Tx,
  confirmed: { intentId: string; eventId: string }[],
  now: Date,
): Promise<number[]> {
  const seconds: number[] = [];
  for (const { intentId, eventId } of confirmed) {
    const { rows } = await tx.raw<{ rows: { seconds: number | null }[] }>(
      `update sync_deliveries set confirmed_by = :eventId where intent_id = :intentId and confirmed_by is null
       returning extract(epoch from :now::timestamptz - settled_at)::float8 as seconds`,
      { intentId, eventId, now },
    );
    seconds.push(...rows.flatMap((row) => row.seconds ?? []));
  }
  return seconds;
}

/**
 * Stores that the previous values of an echo were compared, in the transaction of the changes that
 * followed from them.
 */
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

// Also counted as known: a request from before the last restore that a person confirmed, a request
// so old that retention may have dropped it, and a request that a person removed from the pair by
// hand (docs/sync.md): then the pair's newest intent number has no row, while after a restore no
// number is missing.
const knownSql = `
select exists (select from sync_intents where id = :intentId::uuid)
  or exists (select from external_mappings where intent is not null and intent ->> 'key' = :key)
  or m.at <= coalesce((select max(at) from restores), '-infinity') or m.at < :now::timestamptz - interval '30 days'
  or exists (
    select from external_mappings p where p.external_id = :externalId and p.intent is null and p.updated_at > :now::timestamptz - interval '30 days'
      and p.intent_number > coalesce((select max(number) from sync_intents where mapping_id = p.id), 0)) as known
from (select to_timestamp(('x' || substr(replace(:intentId::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) as at) m`;

/** Whether a request of ours is stored, open or closed, or need not be stored any more. */
export async function isRequestKnown(
  db: Db,
  request: { key: string; intentId: string; externalId: string; now: Date },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { known: boolean }[] }>(knownSql, request);
  return rows[0]?.known ?? true;
}
