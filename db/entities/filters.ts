// The fields by which a list is filtered: which they are, what their indexes hold, and the condition
// that asks for a value. A condition names exactly what the index holds; otherwise PostgreSQL would
// read the whole table.
import { folded } from '../email-fold.ts';
import type { ColumnType, EntityField, EntityTable } from './entity-table.ts';
import { columnOf } from './entity-table.ts';
import type { JsonValue, RowFields } from './row-values.ts';

/** The identity is left out: its unique index is there, and a list is filtered by it in any case. */
export function filterFields({ identity, fields }: EntityTable): EntityField[] {
  return fields.filter(({ name, indexed }) => indexed === true && name !== identity);
}

/** What the index holds of a row: the column, or a form of it in which equal values are equal. */
export function filterKey(field: EntityField, row?: string): string {
  const column = row === undefined ? columnOf(field) : `${row}.${columnOf(field)}`;
  return isFolded(field.type) ? folded(`${column}::text`) : column;
}

/** Whether the index holds a form of the column (email-fold.ts) instead of the column itself. */
export function isFolded(type: ColumnType): boolean {
  return type === 'email';
}

/**
 * The types as which values are bound; any other is read by the type of the column itself, such as
 * an enum of PostgreSQL or citext. A smallint would refuse to read a number that it cannot hold.
 */
const BOUND: Readonly<Partial<Record<ColumnType, string>>> = {
  integer: 'bigint',
  money: 'bigint',
  reference: 'bigint',
  decimal: 'numeric',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamptz',
};

export interface Filters {
  /** To be joined with `and`. */
  conditions: string[];
  bindings: Record<string, string>;
}

/** The conditions for rows `row` that have these canonical values; null asks for rows without one. */
export function filtersOf(entity: EntityTable, wanted: RowFields, row: string): Filters {
  const filters: Filters = { conditions: [], bindings: {} };
  for (const [at, field] of filterFields(entity).entries()) {
    const value = wanted[field.name];
    if (value === undefined) continue;
    const name = `filter${at}`;
    filters.conditions.push(value === null ? isEmpty(field, row) : equals(field, row, `:${name}`));
    if (value !== null) filters.bindings[name] = asText(value);
  }
  return filters;
}

/** SQL by other programs may have stored a text without any character, which is no value. */
function isEmpty(field: EntityField, row: string): string {
  const key = filterKey(field, row);
  return field.type === 'text' || field.type === 'email'
    ? `(${key} is null or ${key} = '')`
    : `${key} is null`;
}

function equals(field: EntityField, row: string, bound: string): string {
  const key = filterKey(field, row);
  const type = BOUND[field.type];
  const value = type === undefined ? bound : `${bound}::${type}`;
  if (isFolded(field.type)) return `${key} = ${folded(`${bound}::text`)}`;
  // A row shows its time without the parts of the second, which its column may have.
  if (field.type === 'timestamp') return `(${key} >= ${value} and ${key} < ${value} + interval '1 second')`;
  return `${key} = ${value}`;
}

function asText(value: Exclude<JsonValue, null>): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
