// Deliveries: one event at one target, with its outcome.
import { isRepeatable, withTransaction, type Db, type Tx } from './server/connection.ts';
import { ensureConnection } from './connections.ts';
import { isRowChangeSql } from './events/kinds.ts';
import { makeMappings } from './mappings/writes/existing-rows.ts';
import { storeDeliveries, type InternalEvent, type Receipt, type Target } from './receiving.ts';
import { raisedUrgency, urgencies } from './urgency.ts';

export type { InternalEvent, Target } from './receiving.ts';

export const deliveryStatuses = [
  ...(['queued', 'waiting', 'parked', 'applied', 'superseded', 'noop'] as const),
  ...(['echo', 'origin', 'conflict', 'stale', 'closed'] as const),
] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];

export type DeliveryChange = {
  eventId: string;
  target: string;
  status: DeliveryStatus;
  supersededBy?: string;
  intentId?: string;
  error?: Record<string, unknown>;
  /** Whether to count one more attempt. */
  tried: boolean;
};

/** The update of deliveries to their outcomes (`toOutcomeRows`), up to what follows its conditions. */
export const outcomeUpdateSql = `
update sync_deliveries d
set status = c.status, superseded_by = c.superseded_by, intent_id = coalesce(c.intent_id, d.intent_id),
    attempts = d.attempts + case when c.tried then 1 else 0 end, last_error = coalesce(c.error, d.last_error),
    settled_at = case when c.status in ('queued', 'waiting', 'parked') then null else :now::timestamptz end
from jsonb_to_recordset(:changed::jsonb) as c(event_id uuid, target text, status text, superseded_by uuid, intent_id uuid, error jsonb, tried boolean)
where d.event_id = c.event_id and d.target = c.target and d.status in ('queued', 'waiting', 'parked')`;
/** What it answers, as `StoredOutcome`. */
export const outcomesSql = `
returning d.event_id as "eventId", d.target, d.event_type as "eventType", d.status,
  extract(epoch from :now::timestamptz - (select e.created_at from sync_events e where e.id = d.sync_event_id))::float8 as "sinceWritten",
  extract(epoch from :now::timestamptz - d.created_at)::float8 as "sinceReceived"`;

/** Times in seconds; `sinceWritten` is null if the event is not kept any more. */
export type StoredOutcome = Pick<DeliveryChange, 'eventId' | 'target' | 'status'> & {
  eventType: string;
  sinceWritten: number | null;
  sinceReceived: number;
};

/** Stores the outcomes of deliveries; a final outcome is never changed again. Returns those that it changed. */
export async function settleDeliveries(
  tx: Tx,
  changes: DeliveryChange[],
  now: Date,
): Promise<StoredOutcome[]> {
  if (changes.length === 0) return [];
  const bindings = { changed: toOutcomeRows(changes), now };
  return (await tx.raw<{ rows: StoredOutcome[] }>(`${outcomeUpdateSql} ${outcomesSql}`, bindings)).rows;
}

/** JSON, as `outcomeUpdateSql` reads it. */
export function toOutcomeRows(changes: readonly DeliveryChange[]): string {
  const rows = changes.map((c) => ({
    event_id: c.eventId,
    target: c.target,
    status: c.status,
    superseded_by: c.supersededBy ?? null,
    intent_id: c.intentId ?? null,
    error: c.error ?? null,
    tried: c.tried,
  }));
  return JSON.stringify(rows);
}

const lockMappingsSql = `
select id from external_mappings
where entity_type = :entityType and internal_id = any(:entityIds) and system = :system and account = :account
  and external_type = :externalType and role = 'primary'
order by id for update`;

const raiseSql = `
update external_mappings m
set dirty = dirty + 1, wanted_version = greatest(m.wanted_version, :version),
    next_attempt_at = case when m.dirty = m.clean then least(greatest(m.next_attempt_at, :now::timestamptz), :now::timestamptz)
                           else m.next_attempt_at end,
    urgency = ${raisedUrgency(`${urgencies.edit}::smallint`)}, updated_at = now()
where m.id = any(:ids)`;

/**
 * Stores that outbound events have reached one system, and raises their mappings. An event that is
 * known already changes nothing. Events whose mapping is there are stored by one statement; the mappings of
 * the others are made first, in one transaction with their deliveries. Returns how many were new.
 */
export async function receiveInternalEvents(
  db: Db,
  events: readonly InternalEvent[],
  target: Target & { now: Date },
): Promise<number> {
  if (events.length === 0) return 0;
  const { made, unmapped } = await storeMapped(db, events, target);
  if (unmapped.length === 0) return made;
  const without = new Set(unmapped);
  const rest = events.filter(({ entityId }) => without.has(entityId));
  return made + (await withTransaction(db, (tx) => storeWithMappings(tx, rest, target)));
}

/** Stores the events whose mapping is there; those that a transaction has to store are answered. */
async function storeMapped(
  db: Db,
  events: readonly InternalEvent[],
  target: Target & { now: Date },
): Promise<Receipt> {
  const none = () => ({ made: 0, unmapped: events.map(({ entityId }) => entityId) });
  // The mapping of a new row is seldom there: asking for it would be in vain.
  if (events.some(({ eventType }) => eventType.endsWith('.created'))) return none();
  try {
    return await storeDeliveries(db, events, target);
  } catch (error) {
    // A deadlock, for example: a transaction is repeated.
    if (!isRepeatable(error)) throw error;
    return none();
  }
}

async function storeWithMappings(
  tx: Tx,
  events: readonly InternalEvent[],
  target: Target & { now: Date },
): Promise<number> {
  const { system, entityType, externalType } = target;
  const account = await lockConnectionAccount(tx, system);
  const rows = [...new Set(events.map(({ entityId }) => entityId))].map((id) => ({
    entity_type: entityType,
    entity_id: id,
  }));
  await makeMappings(tx, { events: JSON.stringify(rows), system, account, externalType });
  return (await storeDeliveries(tx, events, target)).made;
}

/** For an event that cannot be received: its mapping is raised, and made if it does not exist. */
export async function raiseWithoutDelivery(
  tx: Tx,
  { entityId, version }: InternalEvent,
  { system, entityType, externalType, now }: Target & { now: Date },
): Promise<void> {
  const account = await lockConnectionAccount(tx, system);
  const place = { system, account, externalType };
  const events = JSON.stringify([{ entity_type: entityType, entity_id: entityId }]);
  await makeMappings(tx, { events, ...place });
  const { rows } = await tx.raw<{ rows: { id: number }[] }>(lockMappingsSql, {
    entityIds: [entityId],
    entityType,
    ...place,
  });
  await tx.raw(raiseSql, { ids: rows.map(({ id }) => id), version, now });
}

/**
 * The account that new mappings belong to. The lock keeps out a binding at the same moment, also
 * the first one.
 */
async function lockConnectionAccount(tx: Tx, system: string): Promise<string> {
  const lock = () =>
    tx.raw<{ rows: { account: string | null }[] }>(
      `select account from connections where system = :system for share`,
      { system },
    );
  let { rows } = await lock();
  if (!rows[0]) {
    await ensureConnection(tx, system);
    ({ rows } = await lock());
  }
  return rows[0]?.account ?? '';
}

/** Stored as a delivery of its own: the system that a change came from is not notified of it. */
export async function insertOriginDelivery(
  tx: Tx,
  origin: {
    eventId: string;
    syncEventId: number;
    eventType: string;
    version: number;
    system: string;
    mappingId: number;
    now: Date;
  },
): Promise<void> {
  await tx.raw(
    `insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, created_at, settled_at)
     values (:eventId, :system, :syncEventId, :mappingId, :eventType, :version, 'origin', :now::timestamptz, :now::timestamptz)`,
    origin,
  );
}

/**
 * How many rows of ours became tombstones because of deletions at any system, since a time: the
 * inbound fuse counts them together, whichever system they came from.
 */
export async function countDeletesInSince(tx: Db | Tx, sinceId: string): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) from sync_deliveries
     where event_type like '%.deleted' and status = 'origin' and event_id >= :sinceId`,
    { sinceId },
  );
  return rows[0]?.count ?? 0;
}

const missingSql = `
select e.id as "syncEventId", e.event_id as "eventId", e.event_type as "eventType", e.entity_type as "entityType", e.entity_id as "entityId", e.version
from sync_events e
where e.id > :after and e.id <= :upTo and ${isRowChangeSql('e')} and (:entityTypes::text[] is null or e.entity_type = any(:entityTypes::text[]))
  and not exists (select from sync_deliveries d where d.event_id = e.event_id and d.target = :system)
order by e.id limit :limit`;

/**
 * Outbound events of a range of ids that have no delivery at a system: events that the bus lost.
 */
export async function findUndelivered(
  db: Db,
  range: { system: string; entityTypes?: string[]; after: number; upTo: number; limit: number },
): Promise<InternalEvent[]> {
  const { rows } = await db.raw<{ rows: InternalEvent[] }>(missingSql, {
    entityTypes: null,
    ...range,
  });
  return rows;
}
