// Pairs that a person has closed: parked or waiting ones that need no person any more. Closing is a
// fact beside the pair and changes nothing of it. It holds for the pair as it stood: a new event, a
// replay or a decision raises the pair's dirty number, and so opens it again.
import type { Db, Tx } from '../server/connection.ts';

/** Whether a mapping is closed as it stands now. */
export const isClosedSql = (mapping: string): string =>
  `exists (select from closed_pairs closed where closed.mapping_id = ${mapping}.id and closed.dirty = ${mapping}.dirty
     and closed.because is not distinct from ${mapping}.reason)`;

/** The same as the end of a join: `c` has a row where the mapping is closed. For a count of many pairs. */
export const joinClosedSql = (mapping: string): string =>
  `left join closed_pairs c on c.mapping_id = ${mapping}.id and c.dirty = ${mapping}.dirty
     and c.because is not distinct from ${mapping}.reason`;

export type Closing = { at: Date; actor: string; reason: string };

// Only a pair at rest can be closed: one that a worker still has to look at would open again at once.
const closeSql = `
with locked as (
  select id, system, dirty, reason from external_mappings m
  where id = any(:ids::bigint[]) and state in ('parked', 'waiting') and dirty = clean and not ${isClosedSql('m')}
  order by id for update
), closed as (
  insert into closed_pairs as c (mapping_id, dirty, because, closed_at, actor, reason)
  select id, dirty, reason, :now::timestamptz, :actor, :reason from locked
  on conflict (mapping_id) do update set dirty = excluded.dirty, because = excluded.because, closed_at = excluded.closed_at,
    actor = excluded.actor, reason = excluded.reason
  returning mapping_id
)
select l.id, l.system from locked l join closed c on c.mapping_id = l.id order by l.id`;

/** Closes those of the pairs that are parked or wait, at rest, and are not closed. Returns which. */
export async function closePairs(
  tx: Tx,
  { ids, now, actor, reason }: { ids: readonly number[]; now: Date; actor: string; reason: string },
): Promise<{ id: number; system: string }[]> {
  const { rows } = await tx.raw<{ rows: { id: number; system: string }[] }>(closeSql, {
    ...{ ids: [...ids], now, actor, reason },
  });
  return rows;
}

/** How a pair was closed, if it is closed as it stands now. */
export async function readClosing(db: Db, mappingId: number): Promise<Closing | null> {
  const { rows } = await db.raw<{ rows: Closing[] }>(
    `select c.closed_at as at, c.actor, c.reason from closed_pairs c join external_mappings m on m.id = c.mapping_id
     where c.mapping_id = :mappingId and ${isClosedSql('m')}`,
    { mappingId },
  );
  return rows[0] ?? null;
}
