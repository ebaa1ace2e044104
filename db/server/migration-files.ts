// The migrations: numbered plain SQL files, final once released; their names, their text, and which
// of them a database has run. knex's own runner keeps that list; it runs each file and stores the
// file's entry in the list in one transaction (migrate.ts).
import { readdir, readFile } from 'node:fs/promises';
import type { Db, Tx } from './connection.ts';
import { DbError } from './errors.ts';

const MIGRATIONS = new URL('../migrations/', import.meta.url);
export const MIGRATION_TABLE = 'schema_migrations';
const FILE_NAME = /^\d{4}-[a-z0-9-]+\.sql$/;

/** The names of all migration files, in the order in which they run. */
export async function migrationNames(): Promise<string[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  const bad = names.find((name) => !FILE_NAME.test(name));
  if (bad !== undefined) {
    throw new DbError('migration_invalid', `db/migrations/${bad} is not named like 0001-what-it-does.sql`);
  }
  const twice = names.find((name, index) => names[index + 1]?.slice(0, 4) === name.slice(0, 4));
  if (twice !== undefined) {
    throw new DbError('migration_invalid', `two migrations have the number ${twice.slice(0, 4)}`);
  }
  return names;
}

export async function readMigration(name: string): Promise<string> {
  return await readFile(new URL(name, MIGRATIONS), 'utf8');
}

/** The files that this database has run. */
export async function appliedNames(db: Db | Tx): Promise<Set<string>> {
  const found = await db.raw<{ rows: { exists: boolean }[] }>('select to_regclass(?) is not null as exists', [
    MIGRATION_TABLE,
  ]);
  if (found.rows[0]?.exists !== true) return new Set();
  const rows = await db<{ name: string }>(MIGRATION_TABLE).select('name');
  return new Set(rows.map(({ name }) => name));
}

export async function pendingMigrations(db: Db | Tx): Promise<string[]> {
  const applied = await appliedNames(db);
  return (await migrationNames()).filter((name) => !applied.has(name));
}

/** The tables that these files make, or all files; partitions are left out. */
export async function migrationTables(names?: readonly string[]): Promise<string[]> {
  const texts = await Promise.all((names ?? (await migrationNames())).map(readMigration));
  return texts.flatMap((text) =>
    [...text.matchAll(/^create table (?:if not exists )?(\w+)(?! partition of)/gm)].flatMap(
      ([, name]) => name ?? [],
    ),
  );
}
