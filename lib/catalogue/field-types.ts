// What each type of field is: its form in JSON, its canonical form, which values fit, which two are
// the same, how a text becomes one. The one table by type; docs/catalogue.md explains it to users.
import { fold } from '../../db/email-fold.ts';
import { isDay, toUtcSeconds } from './calendar.ts';
import { findInvisible, isVisible } from './characters.ts';
import { storableText } from './check.ts';
import { customerFields, tidyEmail, tidyText } from './customer.ts';
import { decimalPattern, toDecimal } from './decimal.ts';
import type { Field, FieldType } from './entity.ts';
import { brokenLimit, isStorable, isStorableText, readJson, sortedText, sortKeys } from './json.ts';
import type { Value } from './value.ts';

/** A part of a JSON Schema. */
export type Schema = Readonly<Record<string, unknown>> & { type: string | readonly string[] };

interface TypeRules {
  /** The schema of a value in JSON; that of a field that may be null is made by fieldSchema. */
  schema(field: Field): Schema;
  /** Of a value that is not null; a value that does not fit stays as it is, tidied. */
  canonical(value: Given, field: Field): Value;
  /** Whether a canonical value that is not null is one of the type, within the limits of the field. */
  fits(value: Given, field: Field): boolean;
  /** The value whose equality decides: two canonical values are the same if theirs are. */
  compared?(value: Given): Value;
  /** The value that a text stands for; by default the text, brought into canonical form. */
  read?(text: string): Value | undefined;
  /** Completes "must be …". */
  /** `value`: one that does not fit, so that the limit which it breaks is named. */
  expects(field: Field, value?: Value): string;
}

type Given = Exclude<Value, null>;

const isText = (value: Value): value is string => typeof value === 'string';

/** Trimmed, NFC, and null where nothing can be seen. */
function tidied(value: Given): Value {
  if (!isText(value)) return value;
  const text = tidyText(value);
  return isVisible(text) ? text : null;
}

const isShortEnough = (text: string, { maxLength }: Field): boolean =>
  maxLength === null || Array.from(text).length <= maxLength;

const lengthOf = ({ maxLength }: Field): object => (maxLength === null ? {} : { maxLength });

const text: TypeRules = {
  schema: (field) => ({
    type: 'string',
    minLength: 1,
    ...lengthOf(field),
    pattern: storableText,
    'x-text': 'visible',
    description: field.description ?? customerFields.name.description,
    'x-problem': customerFields.name['x-problem'],
  }),
  canonical: tidied,
  fits: (value, field) =>
    isText(value) && isStorableText(value) && isVisible(value) && isShortEnough(value, field),
  expects: ({ maxLength }) =>
    maxLength === null ? 'a text without NUL characters' : `a text of at most ${maxLength} characters`,
};

const EMAIL = new RegExp(customerFields.email.pattern);

const email: TypeRules = {
  schema: (field) => ({
    type: 'string',
    minLength: customerFields.email.minLength,
    ...lengthOf(field),
    pattern: customerFields.email.pattern,
    'x-text': 'distinct',
    description:
      field.description ??
      'An email address. Trimmed, also of invisible characters at its ends, and converted to Unicode NFC first.',
    'x-problem': customerFields.email['x-problem'],
  }),
  canonical: (value) => (isText(value) ? tidied(tidyEmail(value)) : value),
  fits: (value, field) =>
    isText(value) &&
    value.isWellFormed() &&
    EMAIL.test(value) &&
    findInvisible(value) === null &&
    isShortEnough(value, field),
  compared: (value) => (isText(value) ? fold(value) : value),
  expects: ({ maxLength }) =>
    `an email address: one @, something on both sides, no spaces${maxLength === null ? '' : `, at most ${maxLength} characters`}`,
};

const choice: TypeRules = {
  schema: ({ values, description }) => ({
    type: 'string',
    enum: values ?? [],
    ...(description === undefined ? {} : { description }),
  }),
  canonical: tidied,
  fits: (value, { values }) => isText(value) && values?.includes(value) === true,
  expects: ({ values }) => `one of ${(values ?? []).join(', ')}`,
};

const WHOLE_TEXT = /^[+-]?\d+$/;

/** A whole number, or the text of one; any other value as it is. */
function toWhole(value: Given): Value {
  const tidy = tidied(value);
  if (isText(tidy) && WHOLE_TEXT.test(tidy)) {
    const number = Number(tidy);
    if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  }
  return tidy === 0 ? 0 : tidy;
}

const whole = (least: number, what: string, expected: (field: Field) => string): TypeRules => ({
  schema: ({ description }) => ({
    type: 'integer',
    minimum: least,
    maximum: Number.MAX_SAFE_INTEGER,
    description: description ?? what,
  }),
  canonical: toWhole,
  fits: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= least,
  expects: expected,
});

const decimal: TypeRules = {
  schema: ({ scale, description }) => ({
    type: 'string',
    pattern: decimalPattern(scale ?? 0),
    description: description ?? `A number as text, with at most ${scale ?? 0} digits after the point.`,
    'x-problem': `must be a number as text, with at most ${scale ?? 0} digits after the point`,
  }),
  canonical(value, { scale }) {
    const tidy = tidied(value);
    if (typeof tidy !== 'number' && !isText(tidy)) return tidy;
    return toDecimal(String(tidy), scale ?? 0) ?? tidy;
  },
  fits: (value, { scale }) => isText(value) && new RegExp(decimalPattern(scale ?? 0)).test(value),
  compared: (value) =>
    isText(value) && value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '') : value,
  expects: ({ scale }) =>
    scale === 0 || scale === null
      ? 'a number without digits after the point'
      : `a number with at most ${scale} digits after the point`,
};

const boolean: TypeRules = {
  schema: ({ description }) => ({
    type: 'boolean',
    ...(description === undefined ? {} : { description }),
  }),
  canonical(value) {
    const tidy = tidied(value);
    const said = isText(tidy) ? tidy.toLowerCase() : tidy;
    return said === 'true' || said === 'false' ? said === 'true' : tidy;
  },
  fits: (value) => typeof value === 'boolean',
  expects: () => 'true or false',
};

const date: TypeRules = {
  schema: ({ description }) => ({
    type: 'string',
    format: 'date',
    description: description ?? 'A day, such as 2026-01-31.',
  }),
  canonical: tidied,
  fits: (value) => isText(value) && isDay(value),
  expects: () => 'a day such as 2026-01-31',
};

const timestamp: TypeRules = {
  schema: ({ description }) => ({
    type: 'string',
    format: 'date-time',
    description: description ?? 'A time in UTC. Parts of a second are cut off.',
  }),
  canonical(value) {
    const tidy = tidied(value);
    return isText(tidy) ? (toUtcSeconds(tidy) ?? tidy) : tidy;
  },
  fits: (value) => isText(value) && toUtcSeconds(value) === value,
  expects: () => 'a time with a time zone, such as 2026-01-31T12:00:00Z',
};

const json: TypeRules = {
  schema: ({ description }) => ({
    type: ['object', 'array', 'string', 'number', 'boolean'],
    description: description ?? 'Any JSON value. The order of the members of an object does not matter.',
  }),
  /**
   * A system that holds only text holds any value as its JSON, and a text as it is. So a text that is
   * JSON is what it is the JSON of, on both sides.
   */
  canonical(value, field) {
    if (!isText(value)) return sortKeys(value);
    if (!isVisible(value)) return null;
    const read = readJson(value) ?? undefined;
    return read === undefined ? value : isText(read) ? json.canonical(read, field) : sortKeys(read);
  },
  fits: (value) => isStorable(value),
  compared: (value) => sortedText(value),
  read: readJson,
  expects: (_, value) => (value === undefined ? null : brokenLimit(value)) ?? 'JSON',
};

const TYPES: Readonly<Record<FieldType, TypeRules>> = {
  text,
  email,
  enum: choice,
  integer: whole(Number.MIN_SAFE_INTEGER, 'A whole number.', () => 'a whole number'),
  money: whole(
    Number.MIN_SAFE_INTEGER,
    'An amount in the smallest unit of its currency, such as cents.',
    () => 'a whole number of the smallest unit of its currency, such as cents',
  ),
  decimal,
  boolean,
  date,
  timestamp,
  json,
  reference: whole(1, 'The id of another row.', ({ references }) => `the id of a ${references ?? 'row'}`),
};

/** The schema of the API for a value of the field; a field that is not required may be null. */
export function fieldSchema(field: Field): Schema {
  const schema = TYPES[field.type].schema(field);
  if (field.required) return schema;
  const values = schema['enum'];
  return {
    ...schema,
    type: [schema.type, 'null'].flat(),
    ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}),
  };
}

/**
 * The form in which a value of the field is kept and compared. Empty text is null. A value that
 * does not fit the type stays what it was, tidied, so that nothing is lost; see fits.
 */
export function canonical(value: Value | undefined, field: Field): Value {
  return value === null || value === undefined ? null : TYPES[field.type].canonical(value, field);
}

/** Whether the field can hold a canonical value. */
export function fits(value: Value, field: Field): boolean {
  return value === null ? !field.required : TYPES[field.type].fits(value, field);
}

/**
 * Whether a canonical value is a whole number that JavaScript does not have exactly. The table shows
 * such a number as a text; the API and a file cannot give one.
 */
export function isInexact({ type }: Field, value: Value): boolean {
  return (type === 'integer' || type === 'money') && isText(value) && WHOLE_TEXT.test(value);
}

/** Whether two canonical values stand for the same thing. */
export function equal(a: Value, b: Value, field: Field): boolean {
  if (a === null || b === null) return a === b;
  const { compared = (value: Given): Value => value } = TYPES[field.type];
  const [x, y] = [compared(a), compared(b)];
  return x === y || (typeof x === typeof y && sortedText(x) === sortedText(y));
}

/** The canonical value that a cell of a CSV file stands for, or what is wrong with the cell. */
export function fromText(cell: string, field: Field): { value: Value } | { problem: string } {
  const { read = (given: string) => given, expects } = TYPES[field.type];
  if (!isVisible(cell)) return field.required ? { problem: 'is missing' } : { value: null };
  const given = read(cell);
  const value = given === undefined ? undefined : canonical(given, field);
  if (value !== undefined && fits(value, field)) return { value };
  return { problem: `must be ${expects(field, value)}, not ${JSON.stringify(shortened(cell))}` };
}

/** The value as text, for systems that hold only text and for people; null stays null. */
export function toText(value: Value, field: Field): string | null {
  if (value === null) return null;
  return field.type === 'json' ? sortedText(value) : plainText(value);
}

/** A value as text, of whatever type it is. */
export function plainText(value: Given): string {
  return typeof value === 'object' ? sortedText(value) : String(value);
}

/** What completes "must be …" for a value of the field; for a value that does not fit, by what it breaks. */
export function expected(field: Field, value?: Value): string {
  return TYPES[field.type].expects(field, value);
}

const MAX_SHOWN = 40;

function shortened(cell: string): string {
  const characters = Array.from(cell.trim());
  return characters.length <= MAX_SHOWN ? characters.join('') : `${characters.slice(0, MAX_SHOWN).join('')}…`;
}
