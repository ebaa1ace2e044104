// What most steps settle, in one statement: the mapping, the calls, the closed intent, the outcomes of the deliveries,
// what an echo confirms, and the event of a new link.
//
// Guarantees: all of it is stored or nothing; nothing if the lease is gone, or if the mapping has been raised, or is to be
// read, since the step loaded it, or if another mapping has the record: then the caller decides anew under a lock.
// A crash leaves the step as it was loaded, or settled.
//
// A mapping that another transaction has just changed, whatever it changed, is left to the caller too (`ctid`): PostgreSQL
// 18.4 may crash where a statement that went on with the newer version of a row then looks into a partitioned table.
//
// Each part finds its rows by an index that it would use on an empty table too: PostgreSQL keeps the plan while a table
// grows. What may be left out is asked by a sub-select: a plan for the value, or for none, would seem cheaper than the
// one that is kept, and each call would be planned.
import type { Attempt, ClosedIntent } from '../../closed-intents.ts';
import {
  outcomesSql,
  outcomeUpdateSql,
  toOutcomeRows,
  type DeliveryChange,
  type StoredOutcome,
} from '../../deliveries.ts';
import type { Db } from '../../server/connection.ts';
import { runPrepared } from '../../server/prepared.ts';
import type { Mapping } from '../mappings.ts';
import { columnsOf, settableColumns, type MappingChanges } from './update.ts';

const ATTEMPT = ['id', 'mapping_id', 'intent_id', 'operation', 'key', 'request_id', 'status'] as const;
const attemptColumns = [...ATTEMPT, 'replayed', 'error', 'latency_ms', 'created_at'].join(', ');
const INTENT = [
  'id',
  'mapping_id',
  'number',
  'operation',
  'key',
  'body',
  'fields',
  'beside',
  'version',
] as const;
const INTENT_END = [
  'hop',
  'first_sent_at',
  'last_sent_at',
  'closed_at',
  'result',
  'external_id',
  'request_id',
] as const;
const intentColumns = [...INTENT, ...INTENT_END].join(', ');
const changed = settableColumns.map((column) => `r.${column}`).join(', ');

// The mapping that this statement links is not among those that `entity_payload` sees: it sees the beginning.
const linkedSql = `
, linked as (
  insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
  select :linkedEvent::uuid, c.entity_type || '.linked', c.entity_type, c.id, c.entity_type || ':' || c.id, c.version, :system,
         p.value || jsonb_build_object('external_mappings', p.value -> 'external_mappings' || jsonb_build_object(:system::text, :linked::text)),
         '{}', :now::timestamptz
  from entity_rows() c cross join lateral (select entity_payload(c.entity_type, c.id, c.fields) as value) p
  where c.entity_type = :entityType and c.id = :internalId and exists (select from moved)
)`;
const isFreeSql = `
  and not exists (
    select from external_mappings o
    where o.system = m.system and o.account = m.account and o.external_type = m.external_type and o.external_id = :linked::text)`;

const settleSql = (links: boolean): string => `
with moved as (
  update external_mappings m
  set (${settableColumns.join(', ')}) = (select ${changed} from jsonb_populate_record(m, :changes::jsonb) r),
      updated_at = now(),
      lease_owner = case when :release::boolean then null else m.lease_owner end,
      lease_until = case when :release::boolean then null else m.lease_until end
  where m.id = :id and m.fence = :fence and m.dirty = :dirty and m.must_read = :mustRead
    and m.ctid::text = (select o.ctid::text from external_mappings o where o.id = :id)${links ? isFreeSql : ''}
  returning m.id
), called as (
  insert into sync_attempts (${attemptColumns})
  select ${attemptColumns} from jsonb_populate_recordset(null::sync_attempts, :attempts::jsonb) where exists (select from moved)
), closed as (
  insert into sync_intents (${intentColumns})
  select ${intentColumns} from jsonb_populate_recordset(null::sync_intents, :closed::jsonb) where exists (select from moved)
), settled as (
  ${outcomeUpdateSql}
  and d.mapping_id = :id and exists (select from moved)
  ${outcomesSql}
), checked as (
  update sync_intents set echo_event = :checkedEvent::uuid
  where id = (select :checkedIntent::uuid) and echo_event is null and exists (select from moved)
), confirmed as (
  update sync_deliveries set confirmed_by = :confirmedEvent::uuid
  where intent_id = (select :confirmedIntent::uuid) and confirmed_by is null and exists (select from moved)
  returning extract(epoch from :now::timestamptz - settled_at)::float8 as seconds
)${links ? linkedSql : ''}
select (select count(*) from moved) as moved, (select coalesce(jsonb_agg(s), '[]') from settled s) as settled,
  (select coalesce(jsonb_agg(seconds) filter (where seconds is not null), '[]') from confirmed) as echoed`;

const settleAloneSql = settleSql(false);
const settleLinkedSql = settleSql(true);

type Echo = { intentId: string; eventId: string };
export type Settling = {
  /** As it was loaded. */
  mapping: Pick<Mapping, 'id' | 'fence' | 'dirty' | 'mustRead' | 'system' | 'entityType' | 'internalId'>;
  changes: MappingChanges;
  release: boolean;
  attempts: readonly Attempt[];
  closed: ClosedIntent | null;
  deliveries: readonly DeliveryChange[];
  checked: Echo | undefined;
  confirmed: Echo | undefined;
  /** The record that the mapping gets, and the id of the event that says so. */
  linked: { externalId: string; eventId: string } | null;
  now: Date;
};

/** What was stored; null if nothing was. `echoed`: how many seconds after each delivery was settled an echo confirms it. */
export async function settleStep(
  db: Db,
  { mapping, changes, linked, checked, confirmed, now, ...step }: Settling,
): Promise<{ settled: StoredOutcome[]; echoed: number[] } | null> {
  const { id, fence, dirty, mustRead, system, entityType, internalId } = mapping;
  const columns = columnsOf(linked ? { ...changes, externalId: linked.externalId } : changes);
  const { rows } = await runPrepared<{ rows: Stored[] }>(db, linked ? settleLinkedSql : settleAloneSql, {
    ...{ id, fence, dirty, mustRead, now, release: step.release, changes: JSON.stringify(columns) },
    attempts: JSON.stringify(step.attempts.map(toAttemptRow)),
    closed: JSON.stringify(step.closed ? [toIntentRow(step.closed)] : []),
    changed: toOutcomeRows(step.deliveries),
    ...{ checkedEvent: checked?.eventId ?? null, checkedIntent: checked?.intentId ?? null },
    ...{ confirmedEvent: confirmed?.eventId ?? null, confirmedIntent: confirmed?.intentId ?? null },
    ...(linked && { linkedEvent: linked.eventId, linked: linked.externalId, system, entityType, internalId }),
  });
  const [stored] = rows;
  return stored && stored.moved > 0 ? { settled: stored.settled, echoed: stored.echoed } : null;
}

type Stored = { moved: number; settled: StoredOutcome[]; echoed: number[] };

function toAttemptRow({ mappingId, intentId, requestId, latencyMs, at, ...rest }: Attempt) {
  return {
    ...rest,
    ...{
      mapping_id: mappingId,
      intent_id: intentId,
      request_id: requestId,
      latency_ms: latencyMs,
      created_at: at,
    },
  };
}

function toIntentRow(intent: ClosedIntent) {
  const { id, number, operation, key, body, fields, beside = null, version, hop, result } = intent;
  const { mappingId, firstSentAt, lastSentAt, closedAt, externalId, requestId } = intent;
  return {
    ...{ id, number, operation, key, body, fields, beside, version, hop, result, mapping_id: mappingId },
    ...{ first_sent_at: firstSentAt, last_sent_at: lastSentAt, closed_at: closedAt },
    ...{ external_id: externalId, request_id: requestId },
  };
}
