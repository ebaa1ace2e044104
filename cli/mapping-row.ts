// The values of a row by the names of its fields, for `twinbox mapping try`.
import { readCustomer } from '../db/customers.ts';
import type { Db } from '../db/server/connection.ts';
import type { Value } from '../lib/catalogue/value.ts';

/** Null if there is no such row. */
export async function readRow(db: Db, entity: string, id: number): Promise<Record<string, Value> | null> {
  if (entity !== 'customer') return null;
  const row = await readCustomer(db, id);
  return row === null ? null : { name: row.name, email: row.email };
}
