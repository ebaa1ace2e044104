// Events for people who look for one, a page at a time. Each statement takes the index of its most
// selective filter, so that a page of a million events costs what its own rows cost
// (docs/decisions/0082-stories-from-stored-facts.md).
import type { Db } from '../server/connection.ts';
import { deliveryStatuses, type DeliveryStatus } from '../deliveries.ts';
import { isPublishedSql, isRoutedSql, publishedUpToSql } from '../relay/publication.ts';
import { isClosedSql } from '../mappings/closed-pairs.ts';
import { isOfInterestSql } from '../mappings/left-out.ts';

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
  after?: number | undefined;
  statuses?: EventStatus[] | undefined;
  target?: string | undefined;
  /** The whole type, or its beginning with an asterisk: `customer.*`. */
  type?: string | undefined;
  customer?: number | undefined;
  /** A delivery failed with this code at its last failure. */
  error?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /** A delivery is parked or waits, and its pair is none that the configuration leaves out or a person has closed. */
  needsAttention?: boolean | undefined;
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
export const eventColumns = `
  e.id, e.event_id as "eventId", e.event_type as "eventType", e.entity_key as "entityKey", e.version, e.source, e.created_at as "createdAt",
  coalesce(case when e.entity_type = 'customer' then e.entity_id end, (
    select m.internal_id from sync_deliveries d join external_mappings m on m.id = d.mapping_id
    where d.event_id = e.event_id and d.target = 'internal')) as customer`;

// In process the relay passes an event only once it is received: an event with a delivery is
// published.
const published = `(exists (select from relay_cursor c where ${isPublishedSql('e', 'c')})
    or exists (select from sync_deliveries d where d.event_id = e.event_id))`;
const routed = isRoutedSql('e', ':systems');

const rowsSql = (page: string) => `
select ${eventColumns},
  coalesce((select jsonb_agg(jsonb_build_object('target', d.target, 'status', d.status, 'error', d.last_error ->> 'code') order by d.target)
            from sync_deliveries d where d.event_id = e.event_id), '[]') as deliveries,
  ${published} as published, ${routed} as routed
from sync_events e
where e.id in (select page.id from (${page}) page order by page.id desc limit :limit)
order by e.id desc`;

/** A page of events, newest first. */
export async function listEvents(db: Db, filter: EventFilter): Promise<ListedEvent[]> {
  const { limit, after = null, target = null, customer = null, error = null, type = null } = filter;
  const statuses: string[] = [
    ...(filter.statuses ?? (filter.needsAttention === true ? ['parked', 'waiting'] : [])),
  ];
  const bounds = {
    from: filter.since ? await firstIdSince(db, filter.since.getTime() - CLOCKS_MS) : null,
    to: filter.until ? await firstIdSince(db, filter.until.getTime() + CLOCKS_MS) : null,
  };
  const { rows } = await db.raw<{ rows: ListedEvent[] }>(rowsSql(pageSql(filter, statuses)), {
    ...{ limit, after, target, customer, error, ...bounds },
    since: filter.since ?? null,
    until: filter.until ?? null,
    statuses: statuses.filter((status) => !OF_THE_RELAY.includes(status)),
    type,
    beginning: type?.endsWith('*') === true ? type.slice(0, -1) : null,
    systems: [...filter.systems],
  });
  return rows;
}

const OF_THE_RELAY: readonly string[] = ['unpublished', 'published'];

/** The outcomes that most deliveries have: the type of an event says more. */
const USUAL: readonly string[] = ['applied', 'superseded', 'noop', 'echo', 'origin'];

/** The ids of a page, by whichever index the filter has; some may be there twice. */
function pageSql(filter: EventFilter, statuses: readonly string[]): string {
  const where = ofEvent(filter);
  const delivery = ofDelivery(filter);
  const of = delivery === 'true' ? where : `${where} and ${someDelivery(delivery)}`;
  const inStatus = 'd.status = any(:statuses::text[])';
  const withStatus = `${where} and ${someDelivery(`${delivery} and ${inStatus}`)}`;
  // A customer has few events, and a code few deliveries, whatever their states are.
  if (statuses.length > 0 && !statuses.some((status) => OF_THE_RELAY.includes(status))) {
    if (filter.customer !== undefined) return byCustomer(withStatus);
    if (filter.error !== undefined) return byError(`${fromDeliveries(filter)} and ${inStatus}`);
  }
  if (filter.type !== undefined && statuses.length > 0 && statuses.every((status) => USUAL.includes(status)))
    return byType(withStatus);
  if (statuses.length > 0)
    return [
      ...(statuses.some((status) => !OF_THE_RELAY.includes(status))
        ? [byStatus(fromDeliveries(filter), filter, statuses)]
        : []),
      ...(statuses.includes('unpublished') ? [notYet(of, `not ${published}`)] : []),
      ...(statuses.includes('published') ? [notYet(of, `${published} and ${routed}`)] : []),
    ].join(' union ');
  if (filter.error !== undefined) return byError(fromDeliveries(filter));
  if (filter.customer !== undefined) return byCustomer(of);
  if (filter.type !== undefined) return byType(of);
  if (filter.target !== undefined) return byTarget(fromDeliveries(filter));
  return newest(where);
}

/** What is true of each event `e` of the list. */
function ofEvent(filter: EventFilter): string {
  const { since, until, type, customer } = filter;
  return [
    ...within(filter, 'e.id'),
    ...(since === undefined ? [] : [`e.created_at >= :since::timestamptz`]),
    ...(until === undefined ? [] : [`e.created_at < :until::timestamptz`]),
    ...(type === undefined ? [] : [ofType(type, 'e')]),
    ...(customer === undefined ? [] : [OF_CUSTOMER]),
  ].join(' and ');
}

/** The ids between which the page is looked for, said of each table that has an index by them. */
function within({ after, since, until }: EventFilter, id: string): string[] {
  return [
    'true',
    ...(after === undefined ? [] : [`${id} < :after::bigint`]),
    ...(since === undefined ? [] : [`(:from::bigint is null or ${id} >= :from::bigint)`]),
    ...(until === undefined ? [] : [`(:to::bigint is null or ${id} < :to::bigint)`]),
  ];
}

function ofType(type: string, alias: string): string {
  return type.endsWith('*')
    ? `starts_with(${alias}.event_type, :beginning::text)`
    : `${alias}.event_type = :type::text`;
}

/** What is true of one of its deliveries, `d`. */
function ofDelivery({ target, error, needsAttention }: EventFilter): string {
  return [
    'true',
    ...(target === undefined ? [] : [`d.target = :target::text`]),
    ...(error === undefined ? [] : [`d.last_error is not null and d.last_error ->> 'code' = :error::text`]),
    ...(needsAttention === true ? [`d.status in ('parked', 'waiting') and ${OF_INTEREST}`] : []),
  ].join(' and ');
}

const OF_INTEREST = `exists (select from external_mappings m where m.id = d.mapping_id and ${isOfInterestSql('m')} and not ${isClosedSql('m')})`;

/**
 * For a statement that begins with the deliveries. Each event is looked up by its id (offset 0): merged
 * with the deliveries in the order of their ids, every event between two rare deliveries would be read.
 */
function fromDeliveries(filter: EventFilter): string {
  const { type } = filter;
  const placed = within(filter, 'd.sync_event_id').join(' and ');
  return `sync_deliveries d
  cross join lateral (select e.id from sync_events e where e.id = d.sync_event_id and ${ofEvent(filter)} offset 0) e
  where ${placed} and ${ofDelivery(filter)} and ${type === undefined ? 'true' : ofType(type, 'd')}`;
}

const someDelivery = (delivery: string) =>
  `exists (select from sync_deliveries d where d.event_id = e.event_id and ${delivery})`;

const OF_CUSTOMER = `(e.entity_key = 'customer:' || :customer::bigint or exists (
  select from sync_deliveries d join external_mappings m on m.id = d.mapping_id
  where d.event_id = e.event_id and d.target = 'internal' and m.entity_type = 'customer' and m.internal_id = :customer::bigint))`;

const newest = (where: string) => `(
select e.id from sync_events e where ${where} order by e.id desc limit :limit)`;

// The types are few: the first of each is found by its index, and then the newest events of each.
const byType = (where: string) => `(
with recursive types as (
  (select event_type from sync_events where event_type >= coalesce(:beginning::text, :type::text) order by event_type limit 1)
  union all
  select (select e.event_type from sync_events e where e.event_type > t.event_type order by e.event_type limit 1) from types t
  where t.event_type is not null
)
select newest.id from types t
cross join lateral (select e.id from sync_events e where e.event_type = t.event_type and ${where} order by e.id desc limit :limit) newest
where case when :beginning::text is null then t.event_type = :type::text else starts_with(t.event_type, :beginning::text) end)`;

// Its own events, and the inbound events that its pairs received.
const byCustomer = (where: string) => `(
(select e.id from sync_events e where e.entity_key = 'customer:' || :customer::bigint and ${where} order by e.id desc limit :limit)
union
(select e.id from external_mappings m join sync_deliveries d on d.mapping_id = m.id and d.target = 'internal'
 cross join lateral (select e.id from sync_events e where e.id = d.sync_event_id and ${where} offset 0) e
 where m.entity_type = 'customer' and m.internal_id = :customer::bigint order by e.id desc limit :limit))`;

/** By the index of the states, which has no queued ones; each state of each target by itself. */
const byState = (targets: string, statuses: string, from: string) => `(
select page.id from ${targets} t(target) cross join ${statuses} s(status)
cross join lateral (
  select e.id from ${from} and d.target = t.target and d.status = s.status and d.status <> 'queued' order by d.sync_event_id desc limit :limit
) page)`;

// Queued ones are among the open ones.
const byQueue = (from: string) => `(
select e.id from ${from} and d.status in ('queued', 'waiting', 'parked') and d.status = 'queued' order by e.id desc limit :limit)`;

function byStatus(from: string, { target }: EventFilter, statuses: readonly string[]): string {
  const targets =
    target === undefined ? `unnest(:systems::text[] || 'internal'::text)` : `unnest(array[:target::text])`;
  const settled = byState(targets, `unnest(:statuses::text[])`, from);
  return statuses.includes('queued') ? `${settled} union ${byQueue(from)}` : settled;
}

const NOT_QUEUED = deliveryStatuses.filter((status) => status !== 'queued').join(' ');

const byTarget = (from: string) =>
  `${byState(`unnest(array[:target::text])`, `unnest(string_to_array('${NOT_QUEUED}', ' '))`, from)}
union ${byQueue(from)}`;

const byError = (from: string) => `(
select e.id from ${from} order by d.sync_event_id desc limit :limit)`;

// All older ones are published, and the walks that look for lost events have found each a delivery.
const notYet = (where: string, status: string) => `(
select e.id from sync_events e
where e.id > least(${publishedUpToSql}, (
    select coalesce(min(coalesce(w.position, 0)), 0) from unnest(:systems::text[]) s
    cross join lateral (values ('receive-gap:' || s), ('receive-gap:' || s || ':internal')) n(name)
    left join walk_positions w on w.name = n.name))
  and ${where} and ${status} and not exists (select from sync_deliveries d where d.event_id = e.event_id)
order by e.id desc limit :limit)`;

/**
 * Ids rise with the time at which they are drawn. The time of an event is that of its transaction's
 * beginning, or of the clock of its writer: up to this much apart. A transaction that writes an
 * event later than this after its beginning may be missing in a list by times.
 */
const CLOCKS_MS = 3_600_000;

const firstIdSql = `
with recursive search(low, high) as (
  select min(id), max(id) + 1 from sync_events
  union all
  select case when p.created_at < :at::timestamptz then p.id + 1 else s.low end,
         case when p.created_at < :at::timestamptz then s.high else s.low + (s.high - s.low) / 2 end
  from search s
  cross join lateral (select e.id, e.created_at from sync_events e where e.id >= s.low + (s.high - s.low) / 2 order by e.id limit 1) p
  where s.low < s.high
)
select low as id from search where low >= high`;

/** The first id of the events since that time, by halves; null without events. */
async function firstIdSince(db: Db, at: number): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(firstIdSql, { at: new Date(at) });
  return rows[0]?.id ?? null;
}
