// Puts an entity's table under watch: makes it, takes it over, or gives it the fields that are new.
// Part of the transaction that migrates, so a crash leaves the state before.
import { isDeepStrictEqual } from 'node:util';
import type { Db, Tx } from '../server/connection.ts';
import { forgetCommonValue, insertNotLinked } from '../mappings/writes/taken-over.ts';
import { folded } from '../email-fold.ts';
import { findLost } from './column-problems.ts';
import { isWhole, madeFor } from './column-types.ts';
import { columnOf, identityField, identityIndexOf, tableOf, type EntityTable } from './entity-table.ts';
import { findTable, isAttached, type FoundTable } from './found-table.ts';
import { entityRows, guardFunctionsOf, guardsOf, guardTriggersOf } from './guards.ts';
import { readAttached, readMapped, type MappedFields } from './attached.ts';
import type { CatalogueChange, TableCatalogue } from './catalogue-change.ts';
import { takeOver } from './take-over.ts';
import { unfit } from './take-over-problems.ts';
import { settleUniqueRules } from './unique-rules.ts';

/**
 * Attaches each entity whose definition the database does not have; returns their tables. The
 * change is one that `findCatalogueChange` found no problem with. Throws `table_unfit` with every
 * reason. The migrations must have run.
 */
export async function attachCatalogue(
  tx: Tx,
  { entities, mappings }: TableCatalogue,
  { forgotten }: Pick<CatalogueChange, 'forgotten'>,
  say: (sentence: string) => void,
): Promise<string[]> {
  const attached = await readAttached(tx);
  const { lacking } = await findLost(tx, entities);
  const news = entities.filter(
    (entity) =>
      lacking.includes(entity.name) || attached.get(entity.name)?.definition !== definitionOf(entity),
  );
  for (const entity of news) {
    const before = attached.get(entity.name)?.entity;
    if (before !== undefined && !lacking.includes(entity.name) && isOnlyIndexed(entity, before)) {
      await noteDefinition(tx, entity);
      continue;
    }
    if (before !== undefined) await renameParts(tx, entity, before);
    await attach(tx, entity, mappings, say);
  }
  for (const mapped of mappings) await noteMapped(tx, mapped);
  for (const each of forgotten) await forgetCommonValue(tx, each);
  if (news.length === 0) return [];
  const names = entities.map(({ name }) => name);
  await tx.raw(`delete from attached_entities where name <> all(:names::text[])`, { names });
  await tx.raw(entityRows(entities));
  return news.map(({ table }) => table);
}

/** Whether the database was migrated with this catalogue. */
export async function isAttachedAs(db: Db | Tx, { entities, mappings }: TableCatalogue): Promise<boolean> {
  const attached = await readAttached(db);
  if (entities.some((entity) => attached.get(entity.name)?.definition !== definitionOf(entity))) return false;
  const mapped = await readMapped(db);
  return mappings.every((each) => {
    const known = mapped.find(({ system, entity }) => system === each.system && entity === each.entity);
    return known === undefined || isDeepStrictEqual(known.fields, each.fields);
  });
}

async function noteMapped(tx: Tx, { system, entity, fields }: MappedFields): Promise<void> {
  await tx.raw(
    `insert into attached_mappings (system, entity, fields) values (:system, :entity, :fields::jsonb)
     on conflict (system, entity) do update set fields = excluded.fields`,
    { system, entity, fields: JSON.stringify(fields) },
  );
}

/**
 * What was made for the table has its name, and a table may have been renamed. An index on what was
 * the identity would go on as a rule that is none of the user's.
 */
async function renameParts(tx: Tx, entity: EntityTable, before: EntityTable): Promise<void> {
  const [was, is] = [identityIndexOf(before), identityIndexOf(entity)];
  if (was !== null && was !== is) await tx.raw(`drop index if exists "${was}"`);
  if (before.table === entity.table) return;
  for (const index of ['created_event', 'updated_at'])
    await tx.raw(`alter index if exists "${before.table}_${index}" rename to "${entity.table}_${index}"`);
  if ((await findTable(tx, entity.table)) !== null)
    for (const trigger of guardTriggersOf(before))
      await tx.raw(`drop trigger if exists "${trigger}" on ${tableOf(entity)}`);
  for (const name of guardFunctionsOf(before).filter((each) => each.startsWith(`${before.table}_`)))
    await tx.raw(`drop function if exists "${name}"()`);
}

/** What of an entity its table and its functions are made from: the same text, the same result. */
export function definitionOf({ name, table, identity, fields }: EntityTable): string {
  const columns = fields.map((field) => ({
    name: field.name,
    column: field.column,
    type: field.type,
    required: field.required,
    // Left out where there is none, as for every type but a decimal.
    scale: field.scale ?? undefined,
    // Of whole numbers, which entity_rows() once rounded: a database from that time is migrated anew.
    exact: isWhole(field.type) ? true : undefined,
    // Left out where it is false, as before there were filters by fields.
    indexed: field.indexed === true ? true : undefined,
  }));
  return JSON.stringify({ name, table, identity, fields: columns });
}

/** Only filters come or go: the table and its triggers stay as they are, and nothing waits for them. */
function isOnlyIndexed(entity: EntityTable, before: EntityTable): boolean {
  const bare = (each: EntityTable): string =>
    definitionOf({ ...each, fields: each.fields.map((field) => ({ ...field, indexed: false })) });
  return bare(entity) === bare(before);
}

async function noteDefinition(tx: Tx, entity: EntityTable): Promise<void> {
  await tx.raw(
    `insert into attached_entities (name, definition) values (:name, :definition)
     on conflict (name) do update set definition = excluded.definition`,
    { name: entity.name, definition: definitionOf(entity) },
  );
}

async function attach(
  tx: Tx,
  entity: EntityTable,
  mappings: TableCatalogue['mappings'],
  say: (sentence: string) => void,
): Promise<void> {
  const found = await findTable(tx, entity.table);
  if (found !== null) assertPlain(entity, found);
  const isTaken = found !== null && !isAttached(found);
  if (found === null) await tx.raw(createTable(entity));
  else if (isTaken) await takeOver(tx, entity, found, say);
  const present = await findTable(tx, entity.table);
  if (present !== null) await settleColumns(tx, entity, present);
  for (const statement of indexesOf(entity)) await tx.raw(statement);
  if (isTaken) await settleUniqueRules(tx, entity, say);
  await noteDefinition(tx, entity);
  for (const statement of guardsOf(entity)) await tx.raw(statement);
  await tx.raw(entityRows([entity]));
  if (isTaken) {
    await writeFirstEvents(tx, entity);
    await insertNotLinked(tx, entity.name, mappings);
  }
}

function assertPlain(entity: EntityTable, { schema, current, isPlain }: FoundTable): void {
  if (schema !== current)
    throw unfit(entity, [
      `it is in the schema ${schema}, and the tables of Twinbox would be made in ${current}: let search_path name only one of the two`,
    ]);
  if (!isPlain)
    throw unfit(entity, ['it is no plain table: rename it, or give Twinbox a database or schema of its own']);
}

/** Everything that is made for an entity whose table is not there. */
export function statementsOf(entity: EntityTable): string[] {
  return [createTable(entity), ...indexesOf(entity), ...guardsOf(entity), entityRows([entity])];
}

function createTable(entity: EntityTable): string {
  const fields = entity.fields.map(
    (field) => `  ${columnOf(field)} ${madeFor(field.type)}${field.required ? ' not null' : ''}`,
  );
  return `create table ${tableOf(entity)} (
  id bigint generated always as identity primary key,
${fields.join(',\n')},
  version bigint not null default 1,
  last_event_id bigint not null,
  created_event_id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
)`;
}

/** A field that came after the table: its column is made, or is there and fits. */
async function settleColumns(tx: Tx, entity: EntityTable, { columns }: FoundTable): Promise<void> {
  const changes = entity.fields.flatMap((field) => {
    const [name, column] = [columnOf(field), columns.get(field.column)];
    if (column === undefined)
      return [`add column ${name} ${madeFor(field.type)}${field.required ? ' not null' : ''}`];
    return field.required && !column.notNull ? [`alter column ${name} set not null`] : [];
  });
  if (changes.length > 0) await tx.raw(`alter table ${tableOf(entity)} ${changes.join(', ')}`);
}

function indexesOf(entity: EntityTable): string[] {
  const table = tableOf(entity);
  const identity = identityField(entity);
  const unique = identity && folded(columnOf(identity));
  return [
    ...(unique === null
      ? []
      : [
          `create unique index if not exists "${identityIndexOf(entity) ?? ''}" on ${table} (${unique}) where deleted_at is null`,
        ]),
    `create unique index if not exists "${entity.table}_created_event" on ${table} (created_event_id)`,
    `create index if not exists "${entity.table}_updated_at" on ${table} (updated_at, id)`,
  ];
}

/** Each row that was there gets the event of its first version. */
async function writeFirstEvents(tx: Tx, { name }: EntityTable): Promise<void> {
  await tx.raw(
    `insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
     select last_event_id, created_event_id, entity_type || '.created', entity_type, id, entity_type || ':' || id, 1, 'sql',
            jsonb_build_object(entity_type || '_data', jsonb_build_object('id', id) || fields, 'external_mappings', '{}'::jsonb)
     from entity_rows() where entity_type = :name order by id`,
    { name },
  );
}
