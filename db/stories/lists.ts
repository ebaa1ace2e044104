// Deliveries, calls and refused inbound events as lists, newest first.
import type { DeliveryStatus } from '../deliveries.ts';
import type { Db } from '../server/connection.ts';

export type ListedDelivery = {
  eventId: string;
  target: string;
  /** The place of its event in the outbox. */
  number: number;
  mappingId: number;
  customer: number | null;
  eventType: string;
  version: number | null;
  status: DeliveryStatus;
  attempts: number;
  error: Record<string, unknown> | null;
  supersededBy: string | null;
  /** The write that carried it. */
  intentId: string | null;
  confirmedBy: string | null;
  receivedAt: Date;
  settledAt: Date | null;
};

const deliveryColumns = `
  d.event_id as "eventId", d.target, d.sync_event_id as number, d.mapping_id as "mappingId",
  (select m.internal_id from external_mappings m where m.id = d.mapping_id and m.entity_type = 'customer') as customer,
  d.event_type as "eventType", d.version, d.status, d.attempts, d.last_error as error, d.superseded_by as "supersededBy",
  d.intent_id as "intentId", d.confirmed_by as "confirmedBy", d.created_at as "receivedAt", d.settled_at as "settledAt"`;

const after = `(:number::bigint is null or (d.sync_event_id, d.target) < (:number::bigint, :target::text))
  and (:number::bigint is null or d.sync_event_id <= :number::bigint)`;
const newest = `order by d.sync_event_id desc, d.target desc limit :limit`;

// Each state of each target by itself, by the index of the states; queued ones are among the open ones.
const deliveriesSql = `
select * from (
  (select page.* from unnest(:targets::text[]) t(name) cross join unnest(:statuses::text[]) s(name)
   cross join lateral (
     select ${deliveryColumns} from sync_deliveries d
     where d.target = t.name and d.status = s.name and d.status <> 'queued' and ${after} ${newest}) page)
  union all
  (select ${deliveryColumns} from sync_deliveries d
   where d.status in ('queued', 'waiting', 'parked') and d.status = 'queued' and 'queued' = any(:statuses::text[])
     and d.target = any(:targets::text[]) and ${after} ${newest})
) found
order by number desc, target desc limit :limit`;

const ofCustomerSql = `
select ${deliveryColumns} from external_mappings m join sync_deliveries d on d.mapping_id = m.id
where m.entity_type = 'customer' and m.internal_id = :customer and d.target = any(:targets::text[]) and d.status = any(:statuses::text[])
  and ${after} ${newest}`;

export type DeliveryFilter = {
  statuses: readonly string[];
  targets: readonly string[];
  customer?: number | undefined;
  after: { number: number; target: string } | null;
  limit: number;
};

export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<ListedDelivery[]> {
  const { statuses, targets, customer = null, after: place, limit } = filter;
  const { rows } = await db.raw<{ rows: ListedDelivery[] }>(
    customer === null ? deliveriesSql : ofCustomerSql,
    {
      ...{ customer, limit, number: place?.number ?? null, target: place?.target ?? null },
      statuses: [...statuses],
      targets: [...targets],
    },
  );
  return rows;
}

export type ListedAttempt = {
  id: string;
  mappingId: number;
  system: string | null;
  customer: number | null;
  intentId: string | null;
  operation: string;
  requestId: string | null;
  status: number | null;
  replayed: boolean;
  error: string | null;
  latencyMs: number;
  at: Date;
};

const attemptColumns = `
  a.id, a.mapping_id as "mappingId", m.system, case when m.entity_type = 'customer' then m.internal_id end as customer,
       a.intent_id as "intentId", a.operation, a.request_id as "requestId", a.status, a.replayed, a.error, a.latency_ms as "latencyMs", a.created_at as at`;

const attemptsAfter = `(:after::uuid is null or a.id < :after::uuid)
  and (:requestId::text is null or a.request_id = :requestId::text)`;

const attemptsSql = (request: string) => `
select ${attemptColumns}
from sync_attempts a left join external_mappings m on m.id = a.mapping_id
where (:after::uuid is null or a.id < :after::uuid) and ${request}
order by a.id desc limit :limit`;

// The newest of each pair, by the index of the pairs.
const attemptsOfCustomerSql = `
select ${attemptColumns}
from external_mappings m cross join lateral (
  select * from sync_attempts a where a.mapping_id = m.id and ${attemptsAfter} order by a.id desc limit :limit) a
where m.entity_type = 'customer' and m.internal_id = :customer
order by a.id desc limit :limit`;

export type AttemptFilter = {
  customer?: number | undefined;
  requestId?: string | undefined;
  after?: string | undefined;
  limit: number;
};

/** The calls, by the index of their ids, of a customer's pairs, or of the system's own request id. */
export async function listAttempts(db: Db, filter: AttemptFilter): Promise<ListedAttempt[]> {
  const { customer = null, requestId = null, after: place = null, limit } = filter;
  const ofAll = attemptsSql(requestId === null ? 'true' : 'a.request_id = :requestId::text');
  const { rows } = await db.raw<{ rows: ListedAttempt[] }>(
    customer === null ? ofAll : attemptsOfCustomerSql,
    { customer, requestId, after: place, limit },
  );
  return rows;
}

export type ListedRefusal = {
  id: number;
  system: string;
  externalEventId: string | null;
  reason: string;
  detail: string | null;
  at: Date;
};

const refusalsSql = `
select r.id, r.system, r.external_event_id as "externalEventId", r.reason, r.detail, r.created_at as at
from inbound_refusals r
where (:after::bigint is null or r.id < :after::bigint) and (:system::text is null or r.system = :system::text)
  and (:reason::text is null or r.reason = :reason::text)
order by r.id desc limit :limit`;

export type RefusalFilter = {
  system?: string | undefined;
  reason?: string | undefined;
  after?: number | undefined;
  limit: number;
};

/** Inbound events that were not stored: an id and a reason each, never a body. */
export async function listRefusals(db: Db, filter: RefusalFilter): Promise<ListedRefusal[]> {
  const { system = null, reason = null, after: place = null, limit } = filter;
  const { rows } = await db.raw<{ rows: ListedRefusal[] }>(refusalsSql, {
    system,
    reason,
    after: place,
    limit,
  });
  return rows;
}
