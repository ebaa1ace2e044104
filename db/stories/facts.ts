// The story of one row, from stored facts alone: what changed it, what was received and sent for it,
// which calls were made, what came in, what was given up, and what people asked for. Every fact has a
// time, a kind and a key, so a page begins after the last fact of the page before.
import type { Db } from '../server/connection.ts';

/** Of facts with the same time, the cause comes before what follows from it. */
export const factKinds = [
  ...([
    'change',
    'inbound',
    'received',
    'write',
    'call',
    'settled',
    'conflict',
    'operator',
    'dropped',
  ] as const),
] as const;

export type FactKind = (typeof factKinds)[number];

export type Fact = {
  at: Date;
  kind: FactKind;
  /** Null for what concerns no system. */
  system: string | null;
  eventId: string | null;
  detail: Record<string, unknown>;
  place: FactPlace;
};

/** Where a fact stands: microseconds since 1970, the place of its kind, and its key. */
export type FactPlace = { micros: string; rank: number; key: string };

export type StoryOf = { entity: string; id: number };

// The statement reads all that is kept of one row, by the indexes of its key and its pairs, and sorts it.
// Keys begin with the number of the event: facts of the same moment stand in the order of the outbox.
const allFacts = `with pairs as materialized (
  select id, system, external_id, created_at from external_mappings where entity_type = :entity and internal_id = :id
), delivered as materialized (
  select d.* from sync_deliveries d where d.mapping_id in (select id from pairs)
), stored as materialized (
  select d.event_id, e.created_at from delivered d join sync_events e on e.id = d.sync_event_id where d.target = 'internal'
), confirmed as materialized (
  select confirmed_by as event_id, jsonb_agg(event_id order by sync_event_id) as events from delivered
  where confirmed_by is not null group by confirmed_by
), acts as materialized (
  select o.action_id as id from operator_action_pairs o where o.mapping_id in (select id from pairs)
  union
  select a.id from operator_actions a
  where a.action in ('pause', 'resume', 'pause_outbound', 'resume_outbound', 'pause_inbound', 'resume_inbound')
    and a.system in (select system from pairs) and a.at >= (
      select coalesce(min(e.created_at), (select min(created_at) from pairs)) from sync_events e where e.entity_key = :entity || ':' || :id::bigint)
), facts as (
  select e.created_at as at, 0 as rank, lpad(e.id::text, 20, '0') as key, null::text as system, e.event_id,
         jsonb_build_object('event_type', e.event_type, 'version', e.version, 'source', e.source, 'context', e.context, 'number', e.id) as detail
  from sync_events e where e.entity_key = :entity || ':' || :id::bigint
  union all
  select coalesce(s.created_at, d.created_at), 1, lpad(d.sync_event_id::text, 20, '0') || '-' || d.event_id, p.system, d.event_id,
         jsonb_build_object('event_type', d.event_type, 'external_id', p.external_id, 'status', d.status, 'settled_at', d.settled_at,
           'settled_after', d.settled_at - coalesce(s.created_at, d.created_at), 'error', d.last_error ->> 'code', 'made_at', d.inbound ->> 'created',
           'request_id', d.inbound ->> 'requestId', 'confirms', coalesce(c.events, '[]'))
  from delivered d join pairs p on p.id = d.mapping_id
  left join stored s on s.event_id = d.event_id
  left join confirmed c on c.event_id = d.event_id
  where d.target = 'internal'
  union all
  select d.created_at, 2, lpad(d.sync_event_id::text, 20, '0') || '-' || d.event_id || '-' || d.target, d.target, d.event_id,
         jsonb_build_object('event_type', d.event_type, 'version', d.version, 'after', d.created_at - e.created_at)
  from delivered d left join sync_events e on e.id = d.sync_event_id where d.target <> 'internal' and d.status <> 'origin'
  union all
  select coalesce(i.first_sent_at, i.closed_at), 3, i.id::text, p.system, null,
         jsonb_build_object('intent_id', i.id, 'operation', i.operation, 'key', i.key, 'version', i.version, 'result', i.result,
           'closed_at', i.closed_at, 'took', i.closed_at - i.first_sent_at)
  from sync_intents i join pairs p on p.id = i.mapping_id
  union all
  select a.created_at, 4, a.id::text, p.system, null,
         jsonb_build_object('operation', a.operation, 'http_status', a.status, 'request_id', a.request_id, 'intent_id', a.intent_id,
           'latency_ms', a.latency_ms, 'error', a.error, 'replayed', a.replayed)
  from sync_attempts a join pairs p on p.id = a.mapping_id
  union all
  select d.settled_at, 5, lpad(d.sync_event_id::text, 20, '0') || '-' || d.event_id || '-' || d.target, d.target, d.event_id,
         jsonb_build_object('status', d.status, 'attempts', d.attempts, 'superseded_by', d.superseded_by, 'error', d.last_error ->> 'code',
           'after', d.settled_at - d.created_at, 'confirmed_by', d.confirmed_by, 'confirmed_at', s.created_at, 'confirmed_after', s.created_at - d.settled_at)
  from delivered d left join stored s on s.event_id = d.confirmed_by
  where d.target <> 'internal' and d.settled_at is not null
  union all
  select c.created_at, 6, c.id::text, m.system, c.event_id,
         jsonb_build_object('conflict_id', c.id, 'kind', c.kind, 'field', c.field, 'rule', c.rule, 'winner', c.winner, 'note', c.note, 'reversed_at', c.reversed_at)
  from sync_conflicts c left join external_mappings m on m.id = c.mapping_id where c.entity_type = :entity and c.internal_id = :id
  union all
  select a.at, 7, lpad(a.id::text, 20, '0'), a.system, (select min(o.event_id::text)::uuid from operator_action_pairs o
           where o.action_id = a.id and o.mapping_id in (select id from pairs)),
         jsonb_build_object('action', a.action, 'actor', a.actor, 'reason', a.reason)
  from operator_actions a where a.id in (select id from acts)
  union all
  select c.closed_at, 8, c.event_id || '-' || c.target, c.target, c.event_id,
         jsonb_build_object('event_type', c.event_type, 'version', c.version, 'status', c.status, 'error', c.last_code, 'attempts', c.attempts,
           'why', c.reason)
  from closed_deliveries c where c.mapping_id in (select id from pairs)`;

const factsSql = (direction: 'asc' | 'desc') => `
${allFacts}
), placed as (
  select *, (extract(epoch from at) * 1000000)::bigint as micros from facts
)
select at, rank, key, micros::text, system, event_id as "eventId",
  (select coalesce(jsonb_object_agg(d.name, d.value), '{}') from jsonb_each(detail) d(name, value)
   where d.name not in ('after', 'took', 'settled_after', 'confirmed_after'))
  || (select coalesce(jsonb_object_agg(d.name || '_ms', round(extract(epoch from (d.value #>> '{}')::interval) * 1000)), '{}')
      from jsonb_each(detail) d(name, value)
      where d.name in ('after', 'took', 'settled_after', 'confirmed_after') and d.value <> 'null') as detail
from (
  select * from placed
  where :micros::bigint is null or (micros, rank, key collate "C") ${direction === 'asc' ? '>' : '<'} (:micros::bigint, :rank::integer, :key::text collate "C")
  order by micros ${direction}, rank ${direction}, key collate "C" ${direction} limit :limit
) page
order by micros ${direction}, rank ${direction}, key collate "C" ${direction}`;

type RawFact = Omit<Fact, 'kind' | 'place'> & FactPlace;

/** A page of the facts about a row, after a place. */
export async function readFacts(
  db: Db,
  { entity, id }: StoryOf,
  page: { order: 'newest' | 'oldest'; after: FactPlace | null; limit: number },
): Promise<Fact[]> {
  const { micros = null, rank = null, key = null } = page.after ?? {};
  const { rows } = await db.raw<{ rows: RawFact[] }>(factsSql(page.order === 'oldest' ? 'asc' : 'desc'), {
    ...{ entity, id, micros, rank, key, limit: page.limit },
  });
  return rows.map(({ micros: at, rank: kind, key: of, ...fact }) => ({
    ...fact,
    kind: factKinds[kind] ?? 'change',
    place: { micros: at, rank: kind, key: of },
  }));
}

// An event is rarely far from the beginning of its batch: only then is every batch before it looked at.
const NEAR = 20_000;

const publicationsSql = `
select i.id, b.topic, b.partition, b.first_offset + array_position(b.ids, i.id) - 1 as offset, b.saved_at as "savedAt"
from unnest(:ids::bigint[]) i(id)
join relay_batches b on b.first_id <= i.id and b.first_id > i.id - ${NEAR} and b.last_id >= i.id and b.ids @> array[i.id]
order by b.saved_at, b.topic`;

export type FactPublication = { id: number; topic: string; partition: number; offset: number; savedAt: Date };

/** Where the events of a page were published; one in a batch that began far below it is not found. */
export async function readPublicationsNear(db: Db, ids: readonly number[]): Promise<FactPublication[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.raw<{ rows: FactPublication[] }>(publicationsSql, { ids: [...ids] });
  return rows;
}

const oldestSql = `select created_at as at from sync_events order by id limit 1`;

/** The time of the oldest event that is kept, of whatever row; null without events. */
export async function readOldestEvent(db: Db): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { at: Date }[] }>(oldestSql);
  return rows[0]?.at ?? null;
}
