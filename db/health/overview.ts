// How many rows of an entity stand how at a system, and which pairs have needed a person for longest. Every
// part reads an index of what is not at rest, so that pairs in agreement cost nothing.
import { joinClosedSql } from '../mappings/closed-pairs.ts';
import { isOfInterestSql } from '../mappings/left-out.ts';
import { isRowChangeSql } from '../events/kinds.ts';
import { walkName } from '../relay/receive-gap.ts';
import type { Db } from '../server/connection.ts';

/** The first that is true of a row counts. */
export const standings = [
  ...(['need_person', 'on_their_way', 'waiting', 'closed', 'let_go', 'not_wanted'] as const),
] as const;

export type RowStanding = (typeof standings)[number];

/** `alone`: the reasons for which a pair waits and goes on by itself. */
type About = { systems: readonly string[]; entity: string; alone: readonly string[] };

const rank = (standing: RowStanding): number => standings.indexOf(standing);

/** More of the newest events are not looked at: if so many were not received, the relay or the workers stand. */
const MOST_EVENTS = 10_000;

// Each pair that is not at rest is read once, for all that is said of it. What is compared with null is looked up one
// by one: as a join the planner would read every row.
const notAtRestSql = `
open as materialized (
  select m.id, m.system, m.entity_type, m.internal_id from external_mappings m where m.system = any(:systems::text[]) and m.dirty <> m.clean
), attention as materialized (
  select m.id, m.system, m.entity_type, m.internal_id, m.updated_at, case
      when m.dirty <> m.clean then ${rank('on_their_way')}
      when not (${isOfInterestSql('m')}) then ${rank('not_wanted')}
      when c.mapping_id is not null then ${rank('closed')}
      when m.state = 'waiting' and m.reason = any(:alone::text[]) then ${rank('waiting')}
      else ${rank('need_person')} end as rank
  from external_mappings m ${joinClosedSql('m')}
  where m.system = any(:systems::text[]) and m.state in ('waiting', 'parked')
)`;

const marksSql = `
select system, internal_id as id, ${rank('on_their_way')} as rank from open where entity_type = :entity
union all
select system, internal_id, rank from attention where entity_type = :entity
union all
select m.system, m.internal_id, ${rank('let_go')} from external_mappings m
where m.system = any(:systems::text[]) and m.entity_type = :entity and m.state = 'detached' and m.ending ->> 'kind' = 'let_go'
  and not exists (select from external_mappings o where o.entity_type = m.entity_type and o.internal_id = m.internal_id
    and o.system = m.system and o.role = 'primary' and o.state <> 'detached')
union all
select s.system, e.entity_id, ${rank('on_their_way')} from unnest(:systems::text[], :walks::text[]) s(system, walk) cross join lateral (
  select e.event_id, e.entity_id from sync_events e
  where e.id > coalesce((select position from walk_positions where name = s.walk), 0) and e.entity_type = :entity and ${isRowChangeSql('e')}
  order by e.id desc limit ${MOST_EVENTS}) e
where (select d.event_id from sync_deliveries d where d.event_id = e.event_id and d.target = s.system) is null`;

const countSql = `
with ${notAtRestSql}, marks as materialized (
  select system, id, min(rank) as rank from (${marksSql}) marked where id is not null group by system, id
)
select
  (select coalesce(jsonb_agg(k), '[]') from (
     select system, rank, count(*) as rows from marks
     where (select r.id from entity_rows() r where r.entity_type = :entity and r.id = marks.id and r.deleted_at is null) is not null
     group by system, rank) k) as rows,
  (select jsonb_agg(k) from (
     select s.system, (select count(*) from open o where o.system = s.system) as "onTheirWay",
       (select count(*) from attention a where a.system = s.system and a.rank = ${rank('need_person')}) as "needPerson"
     from unnest(:systems::text[]) s(system)) k) as pairs,
  array(select id from attention where rank = ${rank('need_person')} order by updated_at, id limit :limit) as troubles`;

export type PairCounts = { system: string; onTheirWay: number; needPerson: number };

export type NotAtRest = {
  /** By the system: the living rows that are not in agreement with it, each counted once. */
  rows: Map<string, Record<RowStanding, number>>;
  /** Pairs of every entity, and records without a row. */
  pairs: PairCounts[];
  /** The pairs that have needed a person for longest. */
  troubles: number[];
};

type Counted = {
  rows: { system: string; rank: number; rows: number }[];
  pairs: PairCounts[] | null;
  troubles: number[];
};

export async function countNotAtRest(db: Db, about: About & { limit: number }): Promise<NotAtRest> {
  const systems = [...about.systems];
  const { rows } = await db.raw<{ rows: Counted[] }>(countSql, {
    ...{ ...about, systems, alone: [...about.alone] },
    walks: systems.map((system) => walkName(system, 'outbound')),
  });
  const [found = { rows: [], pairs: [], troubles: [] }] = rows;
  const ofSystem = (system: string) => (standing: RowStanding) =>
    found.rows.find((each) => each.system === system && each.rank === rank(standing))?.rows ?? 0;
  return {
    rows: new Map(systems.map((system) => [system, eachStanding(ofSystem(system))])),
    pairs: found.pairs ?? [],
    troubles: found.troubles,
  };
}

function eachStanding(of: (standing: RowStanding) => number): Record<RowStanding, number> {
  return {
    ...{ need_person: of('need_person'), on_their_way: of('on_their_way'), waiting: of('waiting') },
    ...{ closed: of('closed'), let_go: of('let_go'), not_wanted: of('not_wanted') },
  };
}

export async function countLivingRows(db: Db, entity: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { rows: number }[] }>(
    `select count(*) as rows from entity_rows() where entity_type = :entity and deleted_at is null`,
    { entity },
  );
  return rows[0]?.rows ?? 0;
}

/** How many events of each pair are not done. */
export async function countOpenEvents(db: Db, pairs: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await db.raw<{ rows: { id: number; events: number }[] }>(
    `select d.mapping_id as id, count(*) as events from sync_deliveries d
     where d.mapping_id = any(:pairs::bigint[]) and d.status in ('queued', 'waiting', 'parked') group by d.mapping_id`,
    { pairs: [...pairs] },
  );
  return new Map(rows.map(({ id, events }) => [id, events]));
}
