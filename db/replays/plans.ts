// Plans of replays: what a selection has found, kept for a day, so that its pages stay the same and a
// later job can say what has changed since. A plan is named by its hash: the same selection over
// the same pairs and deliveries in the same states is the same plan.
//
// A crash leaves the plan whole or leaves none: it is written by one statement.
import type { Db, Tx } from '../server/connection.ts';
import { bindingsOf, chosenSql, type Selection } from './selection.ts';

/** How many of each kind a plan has. `systems`: pairs of each. */
export type PlanCounts = {
  /** Deliveries, and pairs without an open one. */
  places: number;
  deliveries: number;
  pairs: number;
  rows: number;
  /** Pairs that have a record at the system. */
  with_record: number;
  statuses: Record<string, number>;
  systems: Record<string, number>;
  /** More deliveries fit than a plan may have. */
  more: boolean;
};

export type StoredPlan = { hash: string; selection: Selection; madeAt: Date; counts: PlanCounts };

const placedSql = (selection: Selection) => `
chosen as materialized (${chosenSql(selection)}),
kept as (
  select * from chosen where place <= :most::integer
)`;

// An aggregate over what is kept, in the order of the places, as those beside it: it is sorted once for all.
const hashSql = `encode(sha256(convert_to(:words::text || E'\\n' || coalesce(
    string_agg(concat_ws(' ', event_id, target, mapping_id, pair_state), E'\\n' order by place), ''), 'UTF8')), 'hex')`;

const makeSql = (selection: Selection) => `
with ${placedSql(selection)}
insert into replay_plans (hash, selection, made_at, counts, event_ids, targets, mapping_ids, states)
select ${hashSql}, :selection::jsonb, :now::timestamptz, jsonb_build_object(
    'places', count(*), 'deliveries', count(event_id), 'pairs', count(distinct mapping_id), 'rows', count(distinct internal_id),
    'with_record', count(distinct mapping_id) filter (where has_record),
    'statuses', coalesce((select jsonb_object_agg(status, n) from (select status, count(*) as n from kept where status is not null group by status) s), '{}'),
    'systems', coalesce((select jsonb_object_agg(system, n) from (select system, count(distinct mapping_id) as n from kept group by system) s), '{}'),
    'more', exists (select from chosen where place > :most::integer)),
  coalesce(array_agg(event_id order by place), '{}'), coalesce(array_agg(target order by place), '{}'),
  coalesce(array_agg(mapping_id order by place), '{}'), coalesce(array_agg(pair_state order by place), '{}')
from kept
on conflict (hash) do update set made_at = excluded.made_at
returning hash, selection, made_at as "madeAt", counts`;

/** Plans are kept so long. */
const KEPT_MS = 24 * 3_600_000;

// A plan of 100,000 deliveries is sorted in memory, and not on the disk: about 30 MB.
const roomSql = `set local work_mem = '64MB'`;

/** Selects, and keeps what was found. Old plans leave. In a transaction, which has the memory for it. */
export async function makePlan(db: Db | Tx, selection: Selection, now: Date): Promise<StoredPlan> {
  await db.raw(`delete from replay_plans where made_at < :before::timestamptz`, {
    before: new Date(now.getTime() - KEPT_MS),
  });
  await db.raw(roomSql);
  const { rows } = await db.raw<{ rows: StoredPlan[] }>(makeSql(selection), {
    ...bindingsOf(selection),
    ...{ words: wordsOf(selection), selection: JSON.stringify(selection), now },
  });
  if (!rows[0]) throw new Error('makePlan: PostgreSQL returned no row for an insert');
  return rows[0];
}

/** Null if there is no such plan, or none any more. */
export async function readPlan(db: Db | Tx, hash: string): Promise<StoredPlan | null> {
  const { rows } = await db.raw<{ rows: StoredPlan[] }>(
    `select hash, selection, made_at as "madeAt", counts from replay_plans where hash = :hash`,
    { hash },
  );
  return rows[0] ?? null;
}

/** The hash that the plan would have now. */
export async function hashNow(db: Db | Tx, selection: Selection): Promise<string> {
  const { rows } = await db.raw<{ rows: { hash: string }[] }>(
    `with ${placedSql(selection)} select ${hashSql} as hash from kept`,
    { ...bindingsOf(selection), words: wordsOf(selection) },
  );
  return rows[0]?.hash ?? '';
}

export type Difference = {
  what: 'came' | 'left' | 'changed';
  count: number;
  eventId: string | null;
  mappingId: number;
  /** The pair; null if it is gone. */
  rowId: number | null;
  fence: number | null;
  system: string | null;
  entityType: string | null;
};

const NO_EVENT = `'00000000-0000-0000-0000-000000000000'`;

const differenceSql = (selection: Selection) => `
with ${placedSql(selection)},
was as (
  select w.* from replay_plans p, unnest(p.event_ids, p.targets, p.mapping_ids, p.states) w(event_id, target, mapping_id, pair_state)
  where p.hash = :hash
), differing as (
  select coalesce(n.mapping_id, w.mapping_id) as mapping_id, coalesce(n.event_id, w.event_id) as event_id, n.place,
         case when w.mapping_id is null then 'came' when n.mapping_id is null then 'left' else 'changed' end as what
  from was w full join kept n
    on w.mapping_id = n.mapping_id and w.target = n.target and coalesce(w.event_id, ${NO_EVENT}) = coalesce(n.event_id, ${NO_EVENT})
  where w.mapping_id is null or n.mapping_id is null or w.pair_state <> n.pair_state
), numbered as (
  select *, row_number() over (partition by what order by place nulls last, event_id) as number, count(*) over (partition by what) as count from differing
)
select d.what, d.count, d.event_id as "eventId", d.mapping_id as "mappingId", m.internal_id as "rowId", m.fence, m.system,
       m.entity_type as "entityType"
from numbered d left join external_mappings m on m.id = d.mapping_id
where d.number <= :shown::integer order by d.what, d.number`;

/** What would be selected now and was not, the reverse, and what stands in another state; some of each. */
export async function readDifference(
  db: Db | Tx,
  { hash, selection }: StoredPlan,
  shown: number,
): Promise<Difference[]> {
  const { rows } = await db.raw<{ rows: Difference[] }>(differenceSql(selection), {
    ...bindingsOf(selection),
    ...{ words: wordsOf(selection), hash, shown },
  });
  return rows;
}

export type PlannedDelivery = {
  /** From 1. */
  place: number;
  eventId: string | null;
  target: string;
  mappingId: number;
  eventType: string | null;
  version: number | null;
  status: string | null;
  attempts: number | null;
  error: Record<string, unknown> | null;
  createdAt: Date | null;
  /** The pair; null if it is gone. */
  fence: number | null;
  entityType: string | null;
  system: string | null;
  state: string | null;
  reason: string | null;
  rowId: number | null;
  externalId: string | null;
  /** A newer delivery of the plan at the same target of this pair: it carries the state that is sent. */
  supersededBy: string | null;
};

// A place is a position in the arrays, so that no page reads the deliveries of another one.
const pageSql = `
with page as (
  select :after::integer + w.ordinality as place, w.event_id, w.target, w.mapping_id
  from replay_plans p, unnest(p.event_ids[:first::integer : :last::integer], p.targets[:first::integer : :last::integer],
    p.mapping_ids[:first::integer : :last::integer]) with ordinality w(event_id, target, mapping_id, ordinality)
  where p.hash = :hash
)
select w.place, w.event_id as "eventId", w.target, w.mapping_id as "mappingId", d.event_type as "eventType", d.version, d.status, d.attempts,
       d.last_error as error, d.created_at as "createdAt", m.fence, m.entity_type as "entityType", m.system, m.state, m.reason,
       m.internal_id as "rowId", m.external_id as "externalId",
       (select n.event_id from sync_deliveries n
        where n.mapping_id = w.mapping_id and n.target = w.target and n.sync_event_id > d.sync_event_id order by n.sync_event_id desc limit 1) as "supersededBy"
from page w left join sync_deliveries d on d.event_id = w.event_id and d.target = w.target left join external_mappings m on m.id = w.mapping_id
order by w.place`;

/** A page of a plan, after a place; empty after the last. */
export async function readPlanPage(
  db: Db,
  { hash, after, limit }: { hash: string; after: number; limit: number },
): Promise<PlannedDelivery[]> {
  const { rows } = await db.raw<{ rows: PlannedDelivery[] }>(pageSql, {
    ...{ hash, after, first: after + 1, last: after + limit },
  });
  return rows;
}

/** The same text for the same selection, however PostgreSQL has ordered its members. */
function wordsOf({ systems, ids, statuses, group, row, ...rest }: Selection): string {
  const { error, direction, since, until, closed, most } = rest;
  const of = group && [group.system, group.class, group.code, group.field];
  return JSON.stringify([
    ...[systems, ids, statuses, of, row && [row.entity, row.id]],
    ...[error, direction, since, until, closed, most],
  ]);
}

/** The pairs of a selection. */
export async function selectPairs(db: Db | Tx, selection: Selection): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `with chosen as (${chosenSql(selection)})
     select distinct mapping_id as id from chosen where place <= :most::integer order by id`,
    bindingsOf(selection),
  );
  return rows.map(({ id }) => id);
}
