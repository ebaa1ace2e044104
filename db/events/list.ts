// Events for people who look for one, and the whole way of one of them.
import type { Db } from '../server/connection.ts';
import type { DeliveryStatus } from '../deliveries.ts';
import { isPublishedSql, isRoutedSql } from '../relay/publication.ts';
import type { OpenIntent } from '../mappings/mappings.ts';

/**
 * An event without a delivery is `unpublished` until the relay has passed it, and then `published`:
 * on the bus, where a worker should receive it. An event of a type that no worker receives
 * (customer.linked, …) has neither status once the relay has passed it.
 */
export type EventStatus = DeliveryStatus | 'unpublished' | 'published';

export type EventFilter = {
  /** The systems whose events workers receive. */
  systems: readonly string[];
  limit: number;
  /** A sync_events.id: only events that follow it in the list, so older ones. */
  after?: number;
  statuses?: EventStatus[];
  target?: string;
  /** The whole type, or its beginning with an asterisk: `customer.*`. */
  type?: string;
  customer?: number;
  since?: Date;
  until?: Date;
};

export type ListedEvent = {
  id: number;
  eventId: string;
  eventType: string;
  entityKey: string;
  customer: number | null;
  version: number | null;
  source: string;
  createdAt: Date;
  deliveries: { target: string; status: DeliveryStatus; error: string | null }[];
  /** The relay has passed it. */
  published: boolean;
  /** Workers receive events of this type. */
  routed: boolean;
};

// Only the delivery of an inbound event says which customer the event is about.
const eventColumns = `
  e.id, e.event_id as "eventId", e.event_type as "eventType", e.entity_key as "entityKey", e.version, e.source, e.created_at as "createdAt",
  coalesce(case when e.entity_type = 'customer' then e.entity_id end, (
    select m.internal_id from sync_deliveries d join external_mappings m on m.id = d.mapping_id
    where d.event_id = e.event_id and d.target = 'internal')) as customer`;

// In process the relay passes an event only once it is received: an event with a delivery is
// published.
const published = `(exists (select from relay_cursor c where ${isPublishedSql('e', 'c')})
    or exists (select from sync_deliveries d where d.event_id = e.event_id))`;
const routed = isRoutedSql('e', ':systems');

const listSql = `
select ${eventColumns},
  coalesce((select jsonb_agg(jsonb_build_object('target', d.target, 'status', d.status, 'error', d.last_error ->> 'code') order by d.target)
            from sync_deliveries d where d.event_id = e.event_id), '[]') as deliveries,
  ${published} as published, ${routed} as routed
from sync_events e
where (:after::bigint is null or e.id < :after::bigint)
  and (:since::timestamptz is null or e.created_at >= :since::timestamptz)
  and (:until::timestamptz is null or e.created_at < :until::timestamptz)
  and (:type::text is null or e.event_type = :type::text)
  and (:beginning::text is null or starts_with(e.event_type, :beginning::text))
  and (:customer::bigint is null or e.entity_key = 'customer:' || :customer::bigint or e.event_id in (
        select d.event_id from sync_deliveries d join external_mappings m on m.id = d.mapping_id
        where m.entity_type = 'customer' and m.internal_id = :customer::bigint and d.target = 'internal'))
  and (:target::text is null or exists (
        select from sync_deliveries d where d.event_id = e.event_id and d.target = :target::text))
  and (:statuses::text[] is null
    or e.event_id in (select d.event_id from sync_deliveries d
                      where d.status = any(:statuses::text[]) and (:target::text is null or d.target = :target::text))
    or ('unpublished' = any(:statuses::text[]) and not ${published})
    or ('published' = any(:statuses::text[]) and ${published} and ${routed}
        and not exists (select from sync_deliveries d where d.event_id = e.event_id)))
order by e.id desc
limit :limit`;

/** A page of events, newest first. */
export async function listEvents(db: Db, filter: EventFilter): Promise<ListedEvent[]> {
  const { limit, after = null, statuses = null, target = null, customer = null } = filter;
  const { since = null, until = null, type = null } = filter;
  const beginning = type?.endsWith('*') === true ? type.slice(0, -1) : null;
  const { rows } = await db.raw<{ rows: ListedEvent[] }>(listSql, {
    limit,
    after,
    statuses,
    target,
    customer,
    since,
    until,
    type: beginning === null ? type : null,
    beginning,
    systems: [...filter.systems],
  });
  return rows;
}

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
