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

/**
 * Pairs for jsonb_build_object: each field's name and its value as JSON has it. A decimal is a text
 * there, since a JSON number loses digits on its way through JavaScript.
 */
export function fieldsAsJson(fields: readonly EntityField[], row: string): string {
  const pairs = fields.map((field) => {
    const column = `${row}.${columnOf(field)}`;
    return `'${field.name}', ${field.type === 'decimal' || isText(field.type) ? `${column}::text` : column}`;
  });
  return `jsonb_build_object(${pairs.join(', ')})`;
}
