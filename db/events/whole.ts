// One event with all that is stored about it: its deliveries, what it led to, what it confirmed.
import type { Db } from '../server/connection.ts';
import type { DeliveryStatus } from '../deliveries.ts';
import type { OpenIntent } from '../mappings/mappings.ts';
import { eventColumns, type ListedEvent } from './list.ts';

export type FullEvent = Omit<ListedEvent, 'deliveries' | 'published' | 'routed'> & {
  payload: Record<string, unknown>;
  context: Record<string, unknown>;
};

/** By its event_id; null if there is none, or if retention has taken it. */
export async function readEvent(db: Db, eventId: string): Promise<FullEvent | null> {
  const { rows } = await db.raw<{ rows: FullEvent[] }>(
    `select ${eventColumns}, e.payload, e.context from sync_events e where e.event_id = :eventId order by e.id limit 1`,
    { eventId },
  );
  return rows[0] ?? null;
}

export type EventDelivery = {
  target: string;
  status: DeliveryStatus;
  attempts: number;
  error: Record<string, unknown> | null;
  supersededBy: string | null;
  intentId: string | null;
  /** The echo that confirmed the delivery, and when that echo was received. */
  confirmedBy: string | null;
  confirmedAt: Date | null;
  createdAt: Date;
  settledAt: Date | null;
  mapping: {
    id: number;
    system: string;
    externalId: string | null;
    state: string;
    reason: string | null;
    intent: OpenIntent | null;
  } | null;
};

const deliveriesSql = `
select d.target, d.status, d.attempts, d.last_error as error, d.superseded_by as "supersededBy", d.intent_id as "intentId",
       d.confirmed_by as "confirmedBy", (select e.created_at from sync_events e where e.event_id = d.confirmed_by order by e.id limit 1) as "confirmedAt",
       d.created_at as "createdAt", d.settled_at as "settledAt",
       (select jsonb_build_object('id', m.id, 'system', m.system, 'externalId', m.external_id, 'state', m.state, 'reason', m.reason, 'intent', m.intent)
        from external_mappings m where m.id = d.mapping_id) as mapping
from sync_deliveries d where d.event_id = :eventId order by d.target`;

/** The outcome of an event at each target. */
export async function readEventDeliveries(db: Db, eventId: string): Promise<EventDelivery[]> {
  const { rows } = await db.raw<{ rows: EventDelivery[] }>(deliveriesSql, { eventId });
  return rows;
}

export type Consequence = { eventId: string; eventType: string; version: number | null; createdAt: Date };

/** The changes of ours that an inbound event led to. */
export async function readConsequences(
  db: Db,
  cause: { eventId: string; id: number; customer: number },
): Promise<Consequence[]> {
  const { rows } = await db.raw<{ rows: Consequence[] }>(
    `select event_id as "eventId", event_type as "eventType", version, created_at as "createdAt" from sync_events
     where entity_key = 'customer:' || :customer::bigint and id > :id and context ->> 'caused_by' = :eventId order by id`,
    cause,
  );
  return rows;
}

/** The events of ours that an echo confirmed: the events that its intent carried. */
export async function readConfirmed(
  db: Db,
  echo: { eventId: string; customer: number },
): Promise<{ eventId: string; eventType: string; version: number | null }[]> {
  const { rows } = await db.raw<{ rows: { eventId: string; eventType: string; version: number | null }[] }>(
    `select d.event_id as "eventId", d.event_type as "eventType", d.version
     from sync_deliveries d join external_mappings m on m.id = d.mapping_id
     where m.entity_type = 'customer' and m.internal_id = :customer and d.confirmed_by = :eventId order by d.sync_event_id`,
    echo,
  );
  return rows;
}
