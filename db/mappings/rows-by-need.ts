// Rows by how much they need a person: first those with a pair that needs one, then those that changed last.
// A page reads its own rows, however many need a person and however many there are.
import { tableOf, type EntityTable } from '../entities/entity-table.ts';
import { inOrderOfIndex } from '../server/by-indexes.ts';
import type { Db } from '../server/connection.ts';
import { isClosedSql } from './closed-pairs.ts';
import { isOfInterestSql } from './left-out.ts';

/** Where a row stands in the list: a row that needs a person by its id, another one by when it changed. */
export type NeedPlace = { needs: boolean; micros: string; id: number };

const needsPersonSql = (m: string): string => `${m}.state in ('waiting', 'parked') and ${m}.dirty = ${m}.clean
      and ${m}.system = any(:systems::text[]) and ${isOfInterestSql(m)}
      and not (${m}.state = 'waiting' and ${m}.reason = any(:alone::text[])) and not ${isClosedSql(m)}`;

// What is compared with null is looked up row by row, in the order of an index: as a join the planner would read all
// of them and sort. A row of several systems is listed by the least of its pairs.
const pageSql = (entity: EntityTable) => `
with needing as (
  select m.internal_id as id from external_mappings m
  where m.entity_type = :entity and m.internal_id is not null and m.state in ('waiting', 'parked')
    and (:micros::bigint is null) and (:id::bigint is null or m.internal_id < :id::bigint)
    and ${needsPersonSql('m')}
    and (select c.id from ${tableOf(entity)} c where c.id = m.internal_id and c.deleted_at is null) is not null
  group by m.internal_id order by m.internal_id desc limit :limit
), changed as (
  select c.id, c.updated_at from ${tableOf(entity)} c
  where c.deleted_at is null
    and (:micros::bigint is null or (c.updated_at, c.id) < ('epoch'::timestamptz + :micros::bigint * interval '1 microsecond', :id::bigint))
    and (select min(m.id) from external_mappings m where m.entity_type = :entity and m.internal_id = c.id
      and ${needsPersonSql('m')}) is null
  order by c.updated_at desc, c.id desc
  limit greatest(0, :limit - (select count(*) from needing))
)
select id, true as needs, '0' as micros from needing
union all
select id, false, (extract(epoch from updated_at) * 1000000)::bigint::text from changed`;

/** In the order of the list, after a place. `alone`: the reasons for which a pair waits and goes on by itself. */
export async function listPlacesByNeed(
  db: Db,
  entity: EntityTable,
  about: { systems: readonly string[]; alone: readonly string[]; after: NeedPlace | null; limit: number },
): Promise<NeedPlace[]> {
  const { systems, alone, after, limit } = about;
  const found = await inOrderOfIndex(db, (tx) =>
    tx.raw<{ rows: NeedPlace[] }>(pageSql(entity), {
      ...{ entity: entity.name, systems: [...systems], alone: [...alone], limit },
      ...{ id: after?.id ?? null, micros: after === null || after.needs ? null : after.micros },
    }),
  );
  return found.rows.toSorted((a, b) => compare(a, b));
}

function compare(a: NeedPlace, b: NeedPlace): number {
  if (a.needs !== b.needs) return a.needs ? -1 : 1;
  const [first, second] = [BigInt(a.micros), BigInt(b.micros)];
  return first === second ? b.id - a.id : first > second ? -1 : 1;
}
