// Which entities this database keeps, and by which definition.
import type { Db, Tx } from '../server/connection.ts';

/** The tables of the entities that are attached, by their names. */
export async function attachedTables(db: Db | Tx): Promise<string[]> {
  const attached = await readAttached(db);
  return [...attached.values()].map((definition) => (JSON.parse(definition) as { table: string }).table);
}

/** By the entity's name. Empty where the table for it is not there yet. */
export async function readAttached(db: Db | Tx): Promise<Map<string, string>> {
  const { rows: found } = await db.raw<{ rows: { exists: boolean }[] }>(
    `select to_regclass('attached_entities') is not null as exists`,
  );
  if (found[0]?.exists !== true) return new Map();
  const { rows } = await db.raw<{ rows: { name: string; definition: string }[] }>(
    `select name, definition from attached_entities order by name`,
  );
  return new Map(rows.map(({ name, definition }) => [name, definition]));
}
