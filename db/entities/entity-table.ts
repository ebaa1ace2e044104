// What SQL has to know of a kind of row: its table, its columns and their types. Names are checked
// before they become a part of a statement; values are always bound.
import { DbError } from '../server/errors.ts';

/** What a column holds; lib/catalogue/entity.ts has the same names. */
export type ColumnType =
  | 'text'
  | 'email'
  | 'enum'
  | 'integer'
  | 'money'
  | 'decimal'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'json'
  | 'reference';

export interface EntityField {
  name: string;
  column: string;
  type: ColumnType;
  /** Whether a row always has a value for it. */
  required: boolean;
  /** The digits after the point, of a decimal; and the only values, of an enum. */
  scale?: number | null;
  values?: readonly string[] | null;
  /** In a stored definition: whether its whole numbers are shown with each of their digits. */
  exact?: boolean;
  /** Whether a list is filtered by it (filters.ts), with an index on its column (filter-indexes.ts). */
  indexed?: boolean;
}

export interface EntityTable {
  /** In events, keys and mappings: `customer`. */
  name: string;
  table: string;
  /** The field that is unique among living rows. */
  identity: string | null;
  fields: readonly EntityField[];
}

/** Without a configuration, this is the only one. */
export const customerTable: EntityTable = {
  name: 'customer',
  table: 'customers',
  identity: 'email',
  fields: [
    { name: 'name', column: 'name', type: 'text', required: true },
    { name: 'email', column: 'email', type: 'email', required: true },
  ],
};

/** The columns that every entity's table has, besides those of its fields. */
export const OWN_COLUMNS: readonly string[] = [
  ...['id', 'version', 'last_event_id', 'created_event_id', 'created_at', 'updated_at', 'deleted_at'],
];

/** Room for `_version_after_restore` within the 63 bytes of a name. */
export const MAX_TABLE = 41;

/** The table's name in SQL. Throws if a name of the entity would need an escape. */
export function tableOf({ name, table }: Pick<EntityTable, 'name' | 'table'>): string {
  identifier(name);
  return identifier(table, MAX_TABLE);
}

/** A field's column in SQL. */
export function columnOf({ column }: Pick<EntityField, 'column'>): string {
  return identifier(column);
}

/** The index that keeps the identity unique among living rows; null for an entity without one. */
export function identityIndexOf(entity: EntityTable): string | null {
  const field = identityField(entity);
  return field === null ? null : `${entity.table}_${field.column}`.slice(0, 63);
}

export function identityField({ identity, fields }: EntityTable): EntityField | null {
  return fields.find(({ name }) => name === identity) ?? null;
}

/** A word of SQL in quotes, so that it may be a key word such as `order`. */
function identifier(name: string, max = 63): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && name.length <= max) return `"${name}"`;
  throw new DbError(
    'name_invalid',
    `${JSON.stringify(name)} cannot be the name of a table or a column: up to ${max} letters a to z, digits and _`,
  );
}

/** A text as a literal of SQL: for names that were checked, where nothing can be bound. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
