// Which columns a field's type fits, and which column is made for it.
import { columnOf, type ColumnType, type EntityField } from './entity-table.ts';

interface Fit {
  /** The type of a column that is made for such a field. */
  made: string;
  /** pg_type.typname of the columns that it fits; an enum of PostgreSQL fits an enum too. */
  fits: readonly string[];
}

const TEXTS = ['text', 'varchar', 'bpchar', 'citext'];
const WHOLE = ['int2', 'int4', 'int8'];

const FITS: Record<ColumnType, Fit> = {
  text: { made: 'text', fits: TEXTS },
  email: { made: 'text', fits: TEXTS },
  enum: { made: 'text', fits: TEXTS },
  integer: { made: 'bigint', fits: WHOLE },
  money: { made: 'bigint', fits: WHOLE },
  decimal: { made: 'numeric', fits: ['numeric'] },
  boolean: { made: 'boolean', fits: ['bool'] },
  date: { made: 'date', fits: ['date'] },
  timestamp: { made: 'timestamptz', fits: ['timestamptz'] },
  json: { made: 'jsonb', fits: ['jsonb', 'json'] },
  reference: { made: 'bigint', fits: WHOLE },
};

export function madeFor(type: ColumnType): string {
  return FITS[type].made;
}

export function typesThatFit(type: ColumnType): readonly string[] {
  return FITS[type].fits;
}

/** `kind` is pg_type.typtype: `e` for an enum of PostgreSQL. */
export function fitsColumn(type: ColumnType, typname: string, kind: string): boolean {
  return FITS[type].fits.includes(typname) || (type === 'enum' && kind === 'e');
}

export function isText(type: ColumnType): boolean {
  return FITS[type].made === 'text';
}

/** Whether each of its columns takes a text as it is; an enum of PostgreSQL takes none. */
export function isAssignedText(type: ColumnType): boolean {
  return type === 'text' || type === 'email';
}

export function isWhole(type: ColumnType): boolean {
  return FITS[type].fits === WHOLE;
}

/**
 * A row's fields as one JSON object, each value in the form that lib/catalogue/field-types.ts calls
 * canonical, as far as the column holds one: no answer, event or comparison depends on the zone of a
 * session or on the digits that a column keeps.
 */
export function fieldsAsJson(fields: readonly EntityField[], row: string): string {
  const pairs = fields.map((field) => `'${field.name}', ${asJson(field, `${row}.${columnOf(field)}`)}`);
  const parts: string[] = [];
  for (let at = 0; at < pairs.length || at === 0; at += MAX_PAIRS)
    parts.push(`jsonb_build_object(${pairs.slice(at, at + MAX_PAIRS).join(', ')})`);
  return parts.length === 1 ? String(parts[0]) : `(${parts.join(' || ')})`;
}

/** PostgreSQL passes at most 100 arguments to a function. */
const MAX_PAIRS = 50;

function asJson({ type, scale }: EntityField, column: string): string {
  if (isText(type)) return `${column}::text`;
  // A text, since a JSON number loses digits on its way through JavaScript.
  if (type === 'decimal')
    return scale === undefined || scale === null
      ? `${column}::text`
      : `case when ${column} = trunc(${column}, ${scale}) then trunc(${column}, ${scale}) else ${column} end::text`;
  // Those that JavaScript has exactly are numbers; another one is a text, with each of its digits.
  if (isWhole(type))
    return `case when ${column} between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER} then to_jsonb(${column}) else to_jsonb(${column}::text) end`;
  if (type === 'timestamp')
    return `case when ${column} >= '0001-01-01Z' and ${column} < '10000-01-01Z' then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') else ${column}::text end`;
  return column;
}
