// The story of one row, from stored facts alone: what changed it, what was received and sent for it,
// which calls were made, what came in, what was given up, and what people asked for. Every fact has a
// time, a kind and a key, so a page begins after the last fact of the page before.
import type { Db } from '../server/connection.ts';
import {
  factKinds,
  keys,
  nameOf,
  readFactDetails,
  type Fact,
  type FactPlace,
  type StoryOf,
} from './fact-details.ts';

export { factKinds, type Fact, type FactKind, type FactPlace, type StoryOf } from './fact-details.ts';

// Where every fact of a row stands, by the indexes of its key and its pairs. All of them are sorted for a page, so
// what they say is read for those of the page alone (fact-details.ts). Keys begin with the number of the event:
// facts of the same moment stand in the order of the outbox.
const placesSql = (direction: 'asc' | 'desc') => `
with pairs as materialized (
  select id, system, created_at from external_mappings where entity_type = :entity and internal_id = :id
), delivered as materialized (
  select d.event_id, d.target, d.sync_event_id, d.created_at, d.settled_at, d.status, d.confirmed_by
  from sync_deliveries d where d.mapping_id in (select id from pairs)
), changes as materialized (
  select e.id, e.created_at from sync_events e where e.entity_key = :entity || ':' || :id::bigint
), acts as (
  select o.action_id as id from operator_action_pairs o where o.mapping_id in (select id from pairs)
  union
  select a.id from operator_actions a
  where a.action in ('pause', 'resume', 'pause_outbound', 'resume_outbound', 'pause_inbound', 'resume_inbound')
    and a.system in (select system from pairs)
    and a.at >= (select coalesce((select min(created_at) from changes), (select min(created_at) from pairs)))
), places as (
  select e.created_at as at, 0 as rank, ${keys.change('e')} as key from changes e
  union all
  select coalesce(e.created_at, d.created_at), 1, ${keys.inbound('d')}
  from delivered d left join sync_events e on e.id = d.sync_event_id where d.target = 'internal'
  union all
  select d.created_at, 2, ${keys.delivery('d')} from delivered d where d.target <> 'internal' and d.status <> 'origin'
  union all
  select coalesce(i.first_sent_at, i.closed_at), 3, i.id::text from sync_intents i where i.mapping_id in (select id from pairs)
  union all
  select a.created_at, 4, a.id::text from sync_attempts a where a.mapping_id in (select id from pairs)
  union all
  select d.settled_at, 5, ${keys.delivery('d')} from delivered d where d.target <> 'internal' and d.settled_at is not null
  union all
  select c.created_at, 6, c.id::text from sync_conflicts c where c.entity_type = :entity and c.internal_id = :id
  union all
  select a.at, 7, ${keys.operator('a')} from operator_actions a where a.id in (select id from acts)
  union all
  select c.closed_at, 8, ${keys.dropped('c')} from closed_deliveries c where c.mapping_id in (select id from pairs)
), page as (
  select * from places
  where :micros::bigint is null
    or (at, rank, key collate "C") ${direction === 'asc' ? '>' : '<'} ('epoch'::timestamptz + :micros::bigint * interval '1 microsecond', :rank::integer, :key::text collate "C")
  order by at ${direction}, rank ${direction}, key collate "C" ${direction} limit :limit
)
select at, rank, key, (extract(epoch from at) * 1000000)::bigint::text as micros,
  case when rank = 1 then (
    select coalesce(jsonb_agg(c.event_id order by c.sync_event_id), '[]') from delivered c where c.confirmed_by::text = substr(key, 22)) end as confirms
from page
order by at ${direction}, rank ${direction}, key collate "C" ${direction}`;

/** `confirms`: of an inbound event, the events whose echo it is. */
type RawPlace = FactPlace & { at: Date; confirms: string[] | null };

/** A page of the facts about a row, after a place. `values`: changes have the values of their fields. */
export async function readFacts(
  db: Db,
  { entity, id }: StoryOf,
  page: { order: 'newest' | 'oldest'; after: FactPlace | null; limit: number; values: boolean },
): Promise<Fact[]> {
  const { micros = null, rank = null, key = null } = page.after ?? {};
  const { rows } = await db.raw<{ rows: RawPlace[] }>(placesSql(page.order === 'oldest' ? 'asc' : 'desc'), {
    ...{ entity, id, micros, rank, key, limit: page.limit },
  });
  const details = await readFactDetails(db, { entity, id }, { places: rows, values: page.values });
  return rows.flatMap(({ at, confirms, ...place }) => {
    const told = details.get(nameOf(place));
    // What retention has taken meanwhile is not told.
    if (!told) return [];
    const detail = confirms === null ? told.detail : { ...told.detail, confirms };
    return [{ ...told, detail, at, kind: factKinds[place.rank] ?? 'change', place }];
  });
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
