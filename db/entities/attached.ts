// Which entities this database keeps, by which definition, and which of their fields each system has.
import type { Db, Tx } from '../server/handles.ts';
import type { EntityTable } from './entity-table.ts';

export interface Attached {
  /** As `definitionOf` wrote it. */
  definition: string;
  entity: EntityTable;
}

/** Which of a row's fields a system has, and under which name. */
export interface MappedFields {
  system: string;
  entity: string;
  /** By the name of our field, the name of theirs. */
  fields: Readonly<Record<string, string>>;
}

/** By the entity's name. Empty where the table for it is not there yet. */
export async function readAttached(db: Db | Tx): Promise<Map<string, Attached>> {
  if (!(await isThere(db))) return new Map();
  const { rows } = await db.raw<{ rows: { name: string; definition: string }[] }>(
    `select name, definition from attached_entities order by name`,
  );
  return new Map(
    rows.map(({ name, definition }) => [
      name,
      { definition, entity: JSON.parse(definition) as EntityTable }, // written by definitionOf
    ]),
  );
}

/** The tables of the entities that are attached, by their names. */
export async function attachedTables(db: Db | Tx): Promise<string[]> {
  return [...(await readAttached(db)).values()].map(({ entity }) => entity.table);
}

/** Of each system that a migration named. */
export async function readMapped(db: Db | Tx): Promise<MappedFields[]> {
  if (!(await isThere(db))) return [];
  const { rows } = await db.raw<{ rows: MappedFields[] }>(
    `select system, entity, fields from attached_mappings order by system, entity`,
  );
  return rows;
}

async function isThere(db: Db | Tx): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { exists: boolean }[] }>(
    `select to_regclass('attached_mappings') is not null as exists`,
  );
  return rows[0]?.exists === true;
}
