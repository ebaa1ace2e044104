// How many rows of an entity stand how at a system, and which pairs have needed a person for longest. Every
// part reads an index of what is not at rest, so that pairs in agreement cost nothing.
import { isClosedSql } from '../mappings/closed-pairs.ts';
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
type About = { system: string; entity: string; alone: readonly string[] };

const rank = (standing: RowStanding): number => standings.indexOf(standing);

/** More of the newest events are not looked at: if so many were not received, the relay or the workers stand. */
const MOST_EVENTS = 10_000;

const needsPersonSql = `(m.state in ('waiting', 'parked') and m.dirty = m.clean and ${isOfInterestSql('m')}
  and not (m.state = 'waiting' and m.reason = any(:alone::text[])) and not ${isClosedSql('m')})`;

const marksSql = `
select m.internal_id as id, ${rank('on_their_way')} as rank from external_mappings m
where m.system = :system and m.entity_type = :entity and m.dirty <> m.clean
union all
select m.internal_id, case
    when m.dirty <> m.clean then ${rank('on_their_way')}
    when not (${isOfInterestSql('m')}) then ${rank('not_wanted')}
    when ${isClosedSql('m')} then ${rank('closed')}
    when m.state = 'waiting' and m.reason = any(:alone::text[]) then ${rank('waiting')}
    else ${rank('need_person')} end
from external_mappings m
where m.system = :system and m.entity_type = :entity and m.state in ('waiting', 'parked')
union all
select m.internal_id, ${rank('let_go')} from external_mappings m
where m.system = :system and m.entity_type = :entity and m.state = 'detached' and m.ending ->> 'kind' = 'let_go'
  and not exists (select from external_mappings o where o.entity_type = m.entity_type and o.internal_id = m.internal_id
    and o.system = m.system and o.role = 'primary' and o.state <> 'detached')
union all
select e.entity_id, ${rank('on_their_way')} from (
  select e.event_id, e.entity_id from sync_events e
  where e.id > coalesce((select position from walk_positions where name = :walk), 0) and e.entity_type = :entity and ${isRowChangeSql('e')}
  order by e.id desc limit ${MOST_EVENTS}) e
where (select d.event_id from sync_deliveries d where d.event_id = e.event_id and d.target = :system) is null`;

const countSql = `
with marks as materialized (select id, min(rank) as rank from (${marksSql}) marked where id is not null group by id)
select k.rank, count(*) as rows from marks k
where exists (select from entity_rows() r where r.entity_type = :entity and r.id = k.id and r.deleted_at is null)
group by k.rank`;

/** The living rows that are not in agreement with the system, each counted once. */
export async function countStandings(db: Db, about: About): Promise<Record<RowStanding, number>> {
  const { rows } = await db.raw<{ rows: { rank: number; rows: number }[] }>(countSql, {
    ...{ ...about, alone: [...about.alone] },
    walk: walkName(about.system, 'outbound'),
  });
  const of = (standing: RowStanding) => rows.find((each) => each.rank === rank(standing))?.rows ?? 0;
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

export type PairCounts = { system: string; onTheirWay: number; needPerson: number };

const pairsSql = `
select s.system, (select count(*) from external_mappings m where m.system = s.system and m.dirty <> m.clean) as "onTheirWay",
  (select count(*) from external_mappings m where m.system = s.system and ${needsPersonSql}) as "needPerson"
from unnest(:systems::text[]) s(system)`;

/** Pairs of every entity, and records without a row. */
export async function countPairs(
  db: Db,
  { systems, alone }: { systems: readonly string[]; alone: readonly string[] },
): Promise<PairCounts[]> {
  const { rows } = await db.raw<{ rows: PairCounts[] }>(pairsSql, {
    ...{ systems: [...systems], alone: [...alone] },
  });
  return rows;
}

export type Trouble = { id: number; openEvents: number };

// Of very many the sort would take long, and the first ten thousand are old enough to begin with.
const oldestSql = `
select t.id, (select count(*) from sync_deliveries d
    where d.mapping_id = t.id and d.status in ('queued', 'waiting', 'parked')) as "openEvents"
from (
  select id, updated_at from (
    select m.id, m.updated_at from external_mappings m where m.system = any(:systems::text[]) and ${needsPersonSql}
    limit 10000) found
  order by updated_at, id limit :limit) t
order by t.updated_at, t.id`;

/** The pairs that have needed a person for longest, and how many events of each are not done. */
export async function findOldestTroubles(
  db: Db,
  about: { systems: readonly string[]; alone: readonly string[]; limit: number },
): Promise<Trouble[]> {
  const { rows } = await db.raw<{ rows: Trouble[] }>(oldestSql, {
    ...{ ...about, systems: [...about.systems], alone: [...about.alone] },
  });
  return rows;
}
