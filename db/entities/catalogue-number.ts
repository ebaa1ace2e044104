// A process that was started with another catalogue must not work by it. `migrate` raises the number of
// the catalogue; a process notes the number that it was started with, and says it with every claim of a
// step and every write of a row (demand_catalogue in 0037-catalogue-number.sql), in the same statement.
//
// Guarantees: after the commit of a `migrate` that changed what steps do, no process of before takes a
// step or settles one; after one that changed the tables, none writes a row.
// Assumes: whoever claims or writes does so by the handle that assertMigrated has checked, or by a
// transaction of it. A crash of `migrate` leaves the number and the leases as they were.
import type { Db, Tx } from '../server/handles.ts';
import { DbError, sqlState } from '../server/errors.ts';
import type { Attached, MappedFields } from './attached.ts';
import type { EntityTable } from './entity-table.ts';

/**
 * `steps`: what a worker does with a pair has another meaning. `rows`: that too, and a row is another
 * one: a field went, came as a required one, or has another column or type.
 */
export type Reach = 'none' | 'steps' | 'rows';

interface Catalogue {
  entities: readonly EntityTable[];
  mappings: readonly MappedFields[];
}

/** How far the change goes from what the database was migrated with. */
export function reachOf(
  { entities, mappings }: Catalogue,
  before: { attached: ReadonlyMap<string, Attached>; mapped: readonly MappedFields[] },
): Reach {
  const isGone = [...before.attached.keys()].some((name) => entities.every((entity) => entity.name !== name));
  if (isGone || entities.some((entity) => isOtherRow(entity, before.attached.get(entity.name)?.entity)))
    return 'rows';
  const isNew = entities.some(({ name }) => before.attached.size > 0 && !before.attached.has(name));
  return isNew || mappings.some((each) => isMappedAnew(each, before.mapped)) ? 'steps' : 'none';
}

function isOtherRow(entity: EntityTable, before: EntityTable | undefined): boolean {
  if (before === undefined) return false;
  if (before.table !== entity.table || before.identity !== entity.identity) return true;
  const byName = new Map(entity.fields.map((field) => [field.name, field]));
  const known = new Set(before.fields.map(({ name }) => name));
  const isOther = before.fields.some((old) => {
    const field = byName.get(old.name);
    if (field === undefined || field.column !== old.column || field.type !== old.type) return true;
    return field.required !== old.required || (field.scale ?? null) !== (old.scale ?? null);
  });
  return isOther || entity.fields.some(({ name, required }) => required && !known.has(name));
}

/** A system that the database does not know yet has no worker of before. */
function isMappedAnew({ system, entity, fields }: MappedFields, before: readonly MappedFields[]): boolean {
  const known = before.find((each) => each.system === system && each.entity === entity)?.fields;
  if (known === undefined) return false;
  const names = new Set([...Object.keys(fields), ...Object.keys(known)]);
  return [...names].some((name) => fields[name] !== known[name]);
}

/**
 * Waits for what is being written, keeps new work out until this transaction ends, and ends every
 * lease: a step in progress settles nothing, and its open request is finished by the next worker.
 * The order of the locks is that of a step: the pair, then the row.
 */
export async function closeToOthers(tx: Tx, reach: Reach, tables: readonly string[]): Promise<void> {
  if (reach === 'none') return;
  await tx.raw('lock table external_mappings in exclusive mode');
  if (reach === 'rows')
    for (const table of await presentOf(tx, tables))
      await tx.raw(`lock table "${table}" in access exclusive mode`);
  await tx.raw(
    `update external_mappings set lease_owner = null, lease_until = null, fence = fence + 1 where lease_until is not null`,
  );
}

/** A table may have been renamed by its owner. */
async function presentOf(tx: Tx, tables: readonly string[]): Promise<string[]> {
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(
    `select distinct t.name from unnest(:tables::text[]) t(name) where to_regclass(quote_ident(t.name)) is not null order by t.name`,
    { tables: [...tables] },
  );
  return rows.map(({ name }) => name);
}

/** The change has a number of its own. */
export async function raiseNumber(tx: Tx, reach: Reach): Promise<void> {
  await tx.raw(
    `update catalogue_number set number = number + 1,
       steps_from = case when :steps::boolean then number + 1 else steps_from end,
       rows_from = case when :rows::boolean then number + 1 else rows_from end`,
    { steps: reach !== 'none', rows: reach === 'rows' },
  );
}

export async function readNumber(db: Db | Tx): Promise<number> {
  const { rows } = await db.raw<{ rows: { number: string | number }[] }>(
    'select number from catalogue_number',
  );
  // No row after a restore that left the table out: then no process is kept out.
  return Number(rows[0]?.number ?? 1);
}

/** By the settings of a connection, which a handle and its transactions share. */
const startedWith = new WeakMap<object, number>();

function settingsOf(db: Db | Tx): object {
  return (db.client as { config: object }).config;
}

/** What is claimed and written by this handle is so by the catalogue of this number. */
export function noteNumber(db: Db, number: number): void {
  startedWith.set(settingsOf(db), number);
}

/** Null for a handle whose catalogue was never compared with the database's, as that of `migrate`. */
export function numberOf(db: Db | Tx): number | null {
  return startedWith.get(settingsOf(db)) ?? null;
}

/** `catalogue_changed` in the place of the answer of demand_catalogue; any other error as it is. */
export function saidOfChange(error: unknown): unknown {
  return sqlState(error) === CHANGED ? catalogueChanged(error) : error;
}

const CHANGED = 'TB010';

function catalogueChanged(cause: unknown): DbError {
  return new DbError(
    'catalogue_changed',
    'the database was migrated to another catalogue since this process was started: it does no more work by the one of before. ' +
      'Start it again with the configuration of the last migration',
    { cause },
  );
}

/** Throws `catalogue_changed` if this handle may not take a step, or may not write a row, any more. */
export async function assertSameCatalogue(db: Db, { steps }: { steps: boolean }): Promise<void> {
  await db
    .raw('select demand_catalogue(:number::bigint, :steps::boolean)', { number: numberOf(db), steps })
    .catch((error: unknown) => {
      throw saidOfChange(error);
    });
}
