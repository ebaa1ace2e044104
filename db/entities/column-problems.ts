// What prevents that the columns of a table hold the fields of an entity, as sentences; the same for
// a table that is taken over and for one whose fields change.
import type { Db, Tx } from '../server/handles.ts';
import { fitsColumn, isText, typesThatFit } from './column-types.ts';
import { folded } from '../email-fold.ts';
import {
  columnOf,
  identityField,
  OWN_COLUMNS,
  tableOf,
  type EntityField,
  type EntityTable,
} from './entity-table.ts';
import { findTable, type FoundColumn, type FoundTable } from './found-table.ts';

/** White space that a text must not have at its ends, as it is written in SQL. */
export const BLANKS = String.raw`E' \t\r\n\f\x0b'`;

/** Rows that prevent it: a text that follows their number, their condition in SQL, and what cures it. */
export type Condition = [text: string, where: string, cure?: string];

/** How many ids of rows are named; their number is given beside them. */
const NAMED = 5;

/** What prevents that a table with versions and events already gets these fields; reads only. */
export async function attachedProblems(
  db: Db | Tx,
  entity: EntityTable,
  before: EntityTable,
  found: FoundTable,
): Promise<string[]> {
  const { columns } = found;
  const isEmpty = !(await hasAny(db, entity));
  const mayAdd = entity.fields.filter(({ column }) => !columns.has(column));
  const problems = isEmpty
    ? columnProblems({ ...entity, fields: entity.fields.filter((field) => !mayAdd.includes(field)) }, found)
    : columnProblems(entity, found);
  const names = [...OWN_COLUMNS, ...entity.fields.map(({ column }) => column)];
  for (const { name, notNull, isFilled } of columns.values())
    if (notNull && !isFilled && !names.includes(name))
      problems.push(
        `its column ${name} is not null and has no default, so Twinbox could not add a ${entity.name}`,
      );
  if (problems.length > 0) return problems;
  const needed = entity.fields.filter(
    ({ required, column }) => required && columns.get(column)?.notNull === false,
  );
  const conditions = [...(needed.length === 0 ? [] : [lacksOne(needed)]), ...unreadable(entity, found)];
  const [identity, old] = [identityField(entity), identityField(before)];
  if (identity !== null && columns.has(identity.column) && identity.column !== old?.column)
    conditions.push(sharesIdentity(entity, identity, `${columnOf(identity)}::text`, 'deleted_at is null'));
  const rows = await Promise.all(conditions.map((condition) => findRows(db, entity, condition)));
  return rows.filter((problem) => problem !== null);
}

export function columnProblems(entity: EntityTable, { columns }: FoundTable): string[] {
  return entity.fields.flatMap((field) => {
    const column = columns.get(field.column);
    return [
      ...fieldProblems(field, column),
      ...(column?.isComputed === true ? [`its column ${column.name} is computed`] : []),
      ...(column?.notNull === true && !field.required
        ? [
            `its column ${column.name} is not null: declare the field ${field.name} as required, or drop the not null (a default fills in nothing for a value that is emptied)`,
          ]
        : []),
    ];
  });
}

/** What prevents that the field is kept in this column; a column that is missing may be added. */
function fieldProblems(field: EntityField, column: FoundColumn | undefined): string[] {
  const types = typesThatFit(field.type).join(', ');
  if (column === undefined)
    return field.required
      ? [
          `it has no column ${field.column} of one of the types ${types}: add the column and fill it in every row first, or name the column that has the ${field.name} (a field of your own may also do without required)`,
        ]
      : [];
  if (!fitsColumn(field.type, column.typname, column.kind))
    return [
      `its column ${field.column} is ${column.shown}, and the field ${field.name} (${field.type}) needs one of the types ${types}`,
    ];
  if (column.scale !== null && (field.scale ?? 0) > column.scale)
    return [
      `its column ${field.column} is ${column.shown}, which rounds to ${column.scale} digits after the point, and the field ${field.name} has ${field.scale ?? 0}: lower its scale, or alter the column`,
    ];
  const lacking = (field.values ?? []).filter((value) => column.labels?.includes(value) === false);
  return lacking.length === 0
    ? []
    : [`its column ${field.column} is ${column.shown}, which has no value ${lacking.join(', ')}`];
}

/** Rows that lack a value of a required field. */
export function lacksOne(required: readonly EntityField[]): Condition {
  const isEmpty = (field: EntityField): string =>
    isText(field.type)
      ? `coalesce(btrim(${columnOf(field)}::text, ${BLANKS}), '') = '' collate "C"`
      : `${columnOf(field)} is null`;
  return [
    `rows have no ${required.map(({ name }) => name).join(' or no ')}`,
    required.map(isEmpty).join(' or ') || 'false',
  ];
}

/**
 * Rows whose json no jsonb can hold, as which it is read: NUL, and half of a surrogate pair, which a
 * column of the type json keeps as it was written.
 */
export function unreadable({ fields }: EntityTable, { columns }: FoundTable): Condition[] {
  const kept = fields.filter(({ column }) => columns.get(column)?.typname === 'json');
  return kept.map((field) => [
    `rows have a NUL character or half of a surrogate pair in the json of their column ${field.column}`,
    String.raw`regexp_replace(${columnOf(field)}::text, '\\\\|\\ud[89ab]..\\ud[c-f]..', ' ', 'gi') ~* '\\u(0000|d[89a-f])'`,
    'replace these characters in those rows (a backslash, u and four digits), or map another column',
  ]);
}

/**
 * What is not as the tables of a migrated database were left: a column that was dropped, or has
 * another type now. Reads only the system catalogue of PostgreSQL.
 */
export async function findLost(
  db: Db | Tx,
  entities: readonly EntityTable[],
): Promise<{ lacking: string[]; problems: string[] }> {
  const lost: { lacking: string[]; problems: string[] } = { lacking: [], problems: [] };
  for (const entity of entities) {
    const found = await findTable(db, entity.table);
    if (found === null) {
      lost.problems.push(`there is no table ${entity.table}`);
      continue;
    }
    if (lackingFields(entity, found).length > 0) lost.lacking.push(entity.name);
    const present = entity.fields.filter(({ column }) => found.columns.has(column));
    const problems = [
      ...OWN_COLUMNS.filter((name) => !found.columns.has(name)).map(
        (name) => `its column ${name}, which Twinbox has in every table, is not there any more`,
      ),
      ...columnProblems({ ...entity, fields: present }, found),
    ];
    if (problems.length > 0) lost.problems.push(doesNotFit(entity, problems));
  }
  return lost;
}

export function lackingFields({ fields }: EntityTable, { columns }: FoundTable): EntityField[] {
  return fields.filter(({ column }) => !columns.has(column));
}

export function doesNotFit({ table }: EntityTable, problems: readonly string[]): string {
  return `the table ${table} does not fit: ${problems.join('; ')}`;
}

/** Living rows whose identity another one has too. */
export function sharesIdentity(
  entity: EntityTable,
  { name }: EntityField,
  text: string,
  where = 'true',
): Condition {
  const key = folded(text);
  return [
    `rows share their ${name} with another one (A to Z count as equal in upper and lower case)`,
    `${where} and ${key} in (select ${key} from ${tableOf(entity)} where ${where} group by 1 having count(*) > 1)`,
  ];
}

async function hasAny(db: Db | Tx, entity: EntityTable): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { exists: boolean }[] }>(
    `select exists (select from ${tableOf(entity)}) as exists`,
  );
  return rows[0]?.exists === true;
}

/** `7 rows have no email (id 1, 2, 3, 4, 5, …)`; null if there are none. */
export async function findRows(
  db: Db | Tx,
  entity: EntityTable,
  [text, where, cure]: Condition,
): Promise<string | null> {
  const { count, ids } = await rowsWhere(db, entity, where);
  if (count === 0) return null;
  const rows = `${count} ${text} (id ${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ', …' : ''})`;
  return cure === undefined ? rows : `${rows}: ${cure}`;
}

export async function rowsWhere(
  db: Db | Tx,
  entity: EntityTable,
  where: string,
): Promise<{ count: number; ids: string[] }> {
  const { rows } = await db.raw<{ rows: { count: number; ids: string[] | null }[] }>(
    `with found as (select id from ${tableOf(entity)} where ${where})
     select (select count(*)::int from found) as count, (select array_agg(id::text) from (select id from found order by id limit ${NAMED + 1}) f) as ids`,
  );
  return { count: rows[0]?.count ?? 0, ids: rows[0]?.ids ?? [] };
}
