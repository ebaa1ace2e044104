// The values of a row by the names of its fields, for `twinbox mapping try`.
import { readRow as readEntityRow } from '../db/entities/rows.ts';
import type { Db } from '../db/server/connection.ts';
import type { Value } from '../lib/catalogue/value.ts';

/** Null if there is no such row. */
export async function readRow(db: Db, entity: string, id: number): Promise<Record<string, Value> | null> {
  const row = await readEntityRow(db, { name: entity }, id);
  return row?.fields ?? null;
}
