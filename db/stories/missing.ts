// What should have happened to a row by now, and has not.
import { isRowChangeSql } from '../events/kinds.ts';
import { isPublishedSql } from '../relay/publication.ts';
import type { Db } from '../server/connection.ts';
import type { StoryOf } from './facts.ts';

export type MissingStep = {
  /** `publication`: of a stored event; `receipt`: at a system; `outcome`: of a delivery; `echo`: of a write. */
  step: 'publication' | 'receipt' | 'outcome' | 'echo';
  system: string | null;
  eventId: string;
  /** Since when it is awaited. */
  since: Date;
  /** Of a delivery without an outcome. */
  status: string | null;
  error: string | null;
  reason: string | null;
};

// The last hundred events of a row: an older one without its outcome shows in that of a later one. An
// open delivery of any age is found by the index of the open ones.
const missingSql = `
with pairs as materialized (
  select id, system, reason from external_mappings where entity_type = :entity and internal_id = :id
), events as materialized (
  select e.id, e.xid, e.event_id, e.event_type, e.entity_type, e.entity_key, e.created_at from sync_events e where e.entity_key = :entity || ':' || :id::bigint
  order by e.id desc limit 100
), delivered as materialized (
  select d.event_id, d.target, d.status, d.intent_id, d.confirmed_by, d.settled_at
  from sync_deliveries d where d.event_id = any(array(select event_id from events))
)
select 'publication' as step, null as system, e.event_id as "eventId", e.created_at as since, null as status, null as error, null as reason
from events e
where e.created_at <= :now::timestamptz - :published::interval
  and not exists (select from relay_cursor c where ${isPublishedSql('e', 'c')})
  and not exists (select from delivered d where d.event_id = e.event_id)
union all
select 'receipt', s.system, e.event_id, e.created_at, null, null, null
from events e cross join unnest(:systems::text[]) s(system)
where ${isRowChangeSql('e')} and e.created_at <= :now::timestamptz - :received::interval
  and exists (select from relay_cursor c where ${isPublishedSql('e', 'c')})
  and not exists (select from delivered d where d.event_id = e.event_id and d.target = s.system)
union all
select 'outcome', p.system, d.event_id, d.created_at, d.status, d.last_error ->> 'code', p.reason
from pairs p join sync_deliveries d on d.mapping_id = p.id
where d.status in ('queued', 'waiting', 'parked') and d.created_at <= :now::timestamptz - :settled::interval
union all
select 'echo', d.target, d.event_id, d.settled_at, d.status, null, null
from delivered d
where d.target <> 'internal' and d.status = 'applied' and d.intent_id is not null and d.confirmed_by is null
  and d.settled_at <= :now::timestamptz - :confirmed::interval
order by 4, 3
limit 100`;

/** Intervals as PostgreSQL reads them. */
export type Promises = { published: string; received: string; settled: string; confirmed: string };

/** The steps that are awaited for longer than what is promised, the oldest first. */
export async function readMissing(
  db: Db,
  { entity, id }: StoryOf,
  about: { systems: readonly string[]; now: Date } & Promises,
): Promise<MissingStep[]> {
  const { rows } = await db.raw<{ rows: MissingStep[] }>(missingSql, {
    ...{ entity, id, ...about },
    systems: [...about.systems],
  });
  return rows;
}
