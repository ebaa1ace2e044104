// A list of rows for a person: those that need one first, then those that changed last.
import { listRows, type MappedRow } from '../../db/entities/rows.ts';
import { listPlacesByNeed, type NeedPlace } from '../../db/mappings/rows-by-need.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Entity } from '../catalogue/entity.ts';
import { decodeCursor, encodeCursor, type ListIdentity } from './list-cursor.ts';
import { reasonsAlone } from './meanings.ts';

export type RowsByNeed = {
  rows: MappedRow[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
};

const identityOf = ({ name }: Entity): ListIdentity => ({ list: 'by-need', filter: { entity: name } });

export async function readRowsByNeed(
  db: Db,
  entity: Entity,
  { systems, after, limit }: { systems: readonly string[]; after: NeedPlace | null; limit: number },
): Promise<RowsByNeed> {
  const about = { systems, alone: reasonsAlone(), after, limit: limit + 1 };
  const found = await listPlacesByNeed(db, entity, about);
  const places = found.slice(0, limit);
  const last = places.at(-1);
  const ids = places.map(({ id }) => id);
  const rows = new Map((await listRows(db, entity, { ids, limit })).map((row) => [row.id, row]));
  return {
    // What was deleted meanwhile is not shown.
    rows: ids.flatMap((id) => rows.get(id) ?? []),
    next: found.length > limit && last ? cursorOf(entity, last) : null,
  };
}

function cursorOf(entity: Entity, { needs, micros, id }: NeedPlace): string {
  return encodeCursor(identityOf(entity), [needs ? 0 : 1, micros, id]);
}

/** Null for a text that is no cursor of this list. */
export function needPlaceOf(entity: Entity, cursor: string): NeedPlace | null {
  const [rank, micros, id] = decodeCursor(identityOf(entity), cursor, ['rank', 'micros', 'number']) ?? [];
  return rank === undefined || micros === undefined ? null : { needs: rank === '0', micros, id: Number(id) };
}
