// Which names a configuration may give to entities, tables, columns and fields.
import { MAX_TABLE, OWN_COLUMNS } from '../../db/entities/entity-table.ts';
import { TABLES_OF_TWINBOX, TYPES_OF_POSTGRES } from './taken-tables.ts';

const NAME = /^[a-z][a-z0-9_]*$/;

/** PostgreSQL cuts longer names off; a name of ours has one byte for each character. */
const MAX_BYTES = 63;

/** What the API says of every row itself; a test compares its answers. */
const OF_THE_API = [
  ...['id', 'version', 'created_at', 'updated_at', 'deleted_at'],
  ...['created_event_id', 'last_event_id', 'external_mappings', 'sync'],
];

/** The columns that PostgreSQL has in every table; a test compares them. */
const OF_POSTGRES = ['tableoid', 'cmax', 'xmax', 'cmin', 'xmin', 'ctid'];

/** What a list of the API is asked for besides values of fields; a test compares the API's schema. */
const OF_LISTS = ['limit', 'after', 'updated_since'];

/** JavaScript knows a member of this name in every object. */
const OF_JAVASCRIPT = ['constructor'];

/** Why a field cannot have the name; null if it can. */
export function fieldNameProblem(name: string): string | null {
  if (name.startsWith('_')) return 'a name that begins with _ is kept for Twinbox';
  if (OF_THE_API.includes(name)) return `"${name}" is a member that the API itself gives to every row`;
  return nameProblem(name);
}

/** Why a list cannot be filtered by a field of this name; null if it can. */
export function filterNameProblem(name: string): string | null {
  return OF_LISTS.includes(name)
    ? `a list has a parameter "${name}" of its own, so it cannot be filtered by a field of this name; give the field another name, its column can stay`
    : null;
}

/** Why a column of the user's cannot have the name; null if it can. */
export function columnProblem(name: string): string | null {
  if (OWN_COLUMNS.includes(name)) return `"${name}" is a column of Twinbox itself`;
  if (OF_POSTGRES.includes(name)) return `"${name}" is a column that PostgreSQL itself has in every table`;
  return nameProblem(name);
}

export function tableProblem(name: string): string | null {
  if (name.includes('.'))
    return `"${name}" names a schema; name the table alone, its schema is that of the search_path of the database`;
  if (TABLES_OF_TWINBOX.some((own) => name === own || name.startsWith(`${own}_`)))
    return `"${name}" is a table of Twinbox itself, or may become one`;
  if (name.startsWith('pg_') || TYPES_OF_POSTGRES.includes(name))
    return `"${name}" means something in PostgreSQL itself, which it would find first; rename the table`;
  const why = nameProblem(name);
  if (why !== null || name.length <= MAX_TABLE) return why;
  return `a table has a name of at most ${MAX_TABLE} characters, since those of its triggers are longer; this one has ${name.length}`;
}

/** Why no entity, table, column or field can have the name; null if one can. */
export function nameProblem(name: string): string | null {
  if (!NAME.test(name)) {
    const snake = toSnakeCase(name);
    return `a name has small letters, digits and underscores, and begins with a letter${NAME.test(snake) ? `: "${snake}"` : ''}`;
  }
  if (OF_JAVASCRIPT.includes(name)) return `"${name}" means something in JavaScript; choose another name`;
  if (name.length > MAX_BYTES)
    return `a name has at most ${MAX_BYTES} characters, this one has ${name.length}`;
  return null;
}

/** `tax_id` for `taxId` and `Tax ID`. */
function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
