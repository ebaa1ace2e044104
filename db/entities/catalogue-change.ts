// What a new catalogue changes in a database that was migrated with another one: said before it is
// done, in one sentence each.
import type { Db, Tx } from '../server/handles.ts';
import { readAttached, readMapped, type Attached, type MappedFields } from './attached.ts';
import { isWhole, madeFor } from './column-types.ts';
import { findOwnersIndex } from './filter-indexes.ts';
import { filterFields } from './filters.ts';
import type { EntityField, EntityTable } from './entity-table.ts';
import { findTable, isAttached, type FoundTable } from './found-table.ts';
import { attachedProblems, doesNotFit, lackingFields } from './column-problems.ts';
import { takeOverProblems } from './take-over.ts';
import { unfit } from './take-over-problems.ts';

/** What of a catalogue a database knows. */
export interface TableCatalogue {
  entities: readonly EntityTable[];
  /** Of the systems that the caller knows; of any other nothing is compared or changed. */
  mappings: readonly (MappedFields & { externalType: string })[];
}

export interface CatalogueChange {
  /** Why it cannot be done; nothing is changed then. */
  problems: string[];
  /** What will happen, without a question. */
  additions: string[];
  /** What changes the meaning of pairs that exist: a person is asked first. */
  consequences: string[];
  /** The fields whose last common value counts no longer, since they mean another field of theirs. */
  forgotten: { system: string; entity: string; field: string }[];
}

/** Reads only. `isPlan`: the rows of a table that would be taken over are looked at too. */
export async function findCatalogueChange(
  db: Db | Tx,
  { entities, mappings }: TableCatalogue,
  { isPlan }: { isPlan: boolean },
): Promise<CatalogueChange> {
  const change: CatalogueChange = { problems: [], additions: [], consequences: [], forgotten: [] };
  const attached = await readAttached(db);
  for (const entity of entities) await compareEntity(db, entity, attached.get(entity.name), change, isPlan);
  const before = await readMapped(db);
  for (const mapped of mappings) {
    const known = before.find(({ system, entity }) => system === mapped.system && entity === mapped.entity);
    if (known) compareMapping(known, mapped, await countPairs(db, mapped), change);
  }
  return change;
}

async function compareEntity(
  db: Db | Tx,
  entity: EntityTable,
  before: Attached | undefined,
  change: CatalogueChange,
  isPlan: boolean,
): Promise<void> {
  const found = await findTable(db, entity.table);
  if (before === undefined) {
    if (isPlan) await planNewTable(db, entity, found, change);
    return;
  }
  await comparePlace(db, entity, before.entity, found, change);
  compareFields(entity, before.entity, found, change);
  await compareFilters(db, entity, before.entity, change);
}

/** The table, and what a row is known by. */
async function comparePlace(
  db: Db | Tx,
  entity: EntityTable,
  before: EntityTable,
  found: FoundTable | null,
  change: CatalogueChange,
): Promise<void> {
  const { table, identity } = before;
  if (table !== entity.table && (await findTable(db, table)) !== null)
    change.problems.push(
      `a ${entity.name} was a row of ${table}, and is to be one of ${entity.table}: what is linked are rows of ${table}. ` +
        `Rename the table itself (alter table ${table} rename to ${entity.table}), or use another database`,
    );
  else if (found === null || !isAttached(found)) {
    if (await hasRows(db, entity.name))
      change.problems.push(
        `the rows of a ${entity.name} were in the table ${table}, which is not there any more` +
          (found === null
            ? `, and there is no table ${entity.table}`
            : `, and ${entity.table} is another table`) +
          '. Give the table its name again, or use another database',
      );
  } else {
    const problems = await attachedProblems(db, entity, before, found);
    if (problems.length > 0) change.problems.push(doesNotFit(entity, problems));
  }
  if (identity !== entity.identity && (await hasRows(db, entity.name)))
    change.problems.push(
      `the identity of a ${entity.name} was ${identity ?? 'nothing'}, and is to be ${entity.identity ?? 'nothing'}: records were matched by it. Use another database`,
    );
}

function compareFields(
  entity: EntityTable,
  { table, fields }: EntityTable,
  found: FoundTable | null,
  change: CatalogueChange,
): void {
  const names = new Set(entity.fields.map(({ name }) => name));
  for (const field of entity.fields) {
    const old = fields.find(({ name }) => name === field.name);
    const column = found?.columns.get(field.column);
    if (old === undefined)
      change.additions.push(
        column
          ? `The column ${entity.table}.${field.column} that is there becomes the field ${field.name}.`
          : `The column ${entity.table}.${field.column} (${madeFor(field.type)}) is added for the field ${field.name}.`,
      );
    else if (old.column !== field.column || old.type !== field.type)
      change.consequences.push(
        `The field ${field.name} was ${table}.${old.column} (${old.type}), and is ${entity.table}.${field.column} (${field.type}) now: the next comparison sees its values as changes.`,
      );
  }
  for (const { name, required, scale, type } of entity.fields) {
    const old = fields.find((field) => field.name === name);
    if (old === undefined) continue;
    if (isWhole(type) && isWhole(old.type) && old.exact !== true)
      change.additions.push(`The field ${name} shows whole numbers beyond 2^53 exactly from now on.`);
    if (old.required !== required)
      change.additions.push(
        `The field ${name} ${required ? 'has to have a value' : 'may be empty'} from now on.`,
      );
    if ((old.scale ?? null) !== (scale ?? null))
      change.additions.push(`The field ${name} has ${scale ?? 0} digits after the point from now on.`);
  }
  if (found !== null) sayOfLost(entity, fields, found, change);
  if (table !== entity.table) change.additions.push(`The table ${table} is called ${entity.table} now.`);
  for (const { name, column } of fields)
    if (!names.has(name))
      change.consequences.push(
        `The field ${name} is kept in step no longer. Its column ${table}.${column} and its values stay.`,
      );
}

/** A column that its owner has dropped, while the field is to be kept in it as before. */
function sayOfLost(
  entity: EntityTable,
  before: readonly EntityField[],
  found: FoundTable,
  { consequences }: CatalogueChange,
): void {
  for (const { name, column, type } of lackingFields(entity, found))
    if (before.some((old) => old.name === name && old.column === column))
      consequences.push(
        `The column ${entity.table}.${column} of the field ${name} is not there any more: it is made anew (${madeFor(type)}) and empty, and the next comparison sees every value of it as emptied. To keep the values, bring the column back first.`,
      );
}

/** What is made or dropped for it, is said by filter-indexes.ts. */
async function compareFilters(
  db: Db | Tx,
  entity: EntityTable,
  before: EntityTable,
  { additions }: CatalogueChange,
): Promise<void> {
  const names = new Set(entity.fields.map(({ name }) => name));
  const old = new Set(filterFields(before).map(({ name }) => name));
  const now = filterFields(entity);
  for (const field of now) {
    if (old.has(field.name)) continue;
    const index = await findOwnersIndex(db, entity, field);
    additions.push(
      `Lists can be filtered by ${field.name} from now on${index === null ? '' : `, by the index ${index} that is there`}.`,
    );
  }
  for (const name of old)
    if (names.has(name) && now.every((field) => field.name !== name) && name !== entity.identity)
      additions.push(`Lists cannot be filtered by ${name} any more.`);
}

/** A take-over says by itself what it does; a plan says it before. */
async function planNewTable(
  db: Db | Tx,
  entity: EntityTable,
  found: FoundTable | null,
  change: CatalogueChange,
): Promise<void> {
  if (found === null) change.additions.push(`The table ${entity.table} is made.`);
  if (found === null || isAttached(found)) return;
  const problems = await takeOverProblems(db, entity, found);
  if (problems.length > 0) change.problems.push(unfit(entity, problems).message);
  else change.additions.push(`The table ${entity.table} that is there is taken over.`);
}

function compareMapping(
  before: MappedFields,
  now: MappedFields,
  pairs: number,
  change: CatalogueChange,
): void {
  const { system, entity } = now;
  const of = pairs === 1 ? '1 pair' : `${pairs} pairs`;
  for (const [field, external] of Object.entries(now.fields)) {
    const old = before.fields[field];
    if (old === external) continue;
    if (old === undefined) {
      if (pairs > 0)
        change.additions.push(
          `${field} ↔ ${external} at ${system}: ${of} get it at the next change or comparison. An empty side is filled; where both sides have another value, the rule decides and a conflict is kept.`,
        );
      continue;
    }
    change.forgotten.push({ system, entity, field });
    if (pairs > 0)
      change.consequences.push(
        `${field} was ${old} at ${system}, and is ${external} now: ${of} meet the field as for the first time. What ${old} holds stays there.`,
      );
  }
  for (const [field, external] of Object.entries(before.fields)) {
    if (Object.hasOwn(now.fields, field)) continue;
    change.forgotten.push({ system, entity, field });
    if (pairs > 0)
      change.consequences.push(
        `${field} ↔ ${external} at ${system} is kept in step no longer in ${of}. Both sides keep what they have.`,
      );
  }
}

async function countPairs(db: Db | Tx, { system, entity }: MappedFields): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*)::int as count from external_mappings
     where system = :system and entity_type = :entity and external_id is not null and state not in ('tombstoned', 'detached')`,
    { system, entity },
  );
  return rows[0]?.count ?? 0;
}

async function hasRows(db: Db | Tx, entity: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { exists: boolean }[] }>(
    `select exists (select from external_mappings where entity_type = :entity) as exists`,
    { entity },
  );
  return rows[0]?.exists === true;
}
