// The values of a row as a caller gives them: checked by the types of the entity's fields, and
// brought into the form in which they are stored. The API, `twinbox import` and the API's document
// all use this file.
import { compileCheck, type Checked, type Violation } from './check.ts';
import { tidyEmail, tidyText } from './customer.ts';
import type { Entity, Field } from './entity.ts';
import { canonical, expected, fieldSchema, fits, type Schema } from './field-types.ts';
import type { Value } from './value.ts';

export type RowValues = Record<string, Value>;

export interface RowChecks {
  newSchema: object;
  changeSchema: object;
  /** A whole row; a field that may be empty and is not named is left out. */
  checkNew(input: unknown): Checked<RowValues>;
  /** Some fields, as a merge patch has them (RFC 7396): null empties a field that may be empty. */
  checkChange(input: unknown): Checked<RowValues>;
}

const made = new WeakMap<Entity, RowChecks>();

/** Made once for an entity. */
export function rowChecksOf(entity: Entity): RowChecks {
  const known = made.get(entity);
  if (known) return known;
  const properties = Object.fromEntries(entity.fields.map((field) => [field.name, fieldSchema(field)]));
  const required = entity.fields.filter((field) => field.required).map(({ name }) => name);
  const newSchema = { type: 'object', required, additionalProperties: false, properties } as const;
  const changeSchema = { type: 'object', minProperties: 1, additionalProperties: false, properties } as const;
  const [newOnes, changes] = [compileCheck<RowValues>(newSchema), compileCheck<RowValues>(changeSchema)];
  const checks: RowChecks = {
    newSchema,
    changeSchema,
    checkNew: (input) => stored(entity, newOnes(tidy(entity, input))),
    checkChange: (input) => stored(entity, changes(tidy(entity, input))),
  };
  made.set(entity, checks);
  return checks;
}

/** A whole row: every field that is not named is emptied, if it may be empty. */
export function replacing({ fields }: Entity, values: RowValues): RowValues {
  const empty = fields.filter(({ required }) => !required).map(({ name }) => [name, null] as const);
  return { ...Object.fromEntries(empty), ...values };
}

/** The schema of the field in an answer: the form, without the rules for what may be given. */
export function shownSchema(field: Field): object {
  const { type, format, enum: values }: Schema & { format?: unknown; enum?: unknown } = fieldSchema(field);
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(values === undefined ? {} : { enum: values }),
  };
}

/**
 * Texts are tidied before they are checked, so that what is stored is what is checked.
 * Object.fromEntries defines properties and never sets them, so a key "__proto__" stays a key and is
 * refused as unknown.
 */
function tidy({ fields }: Entity, input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const known = new Map(fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(input).map(([key, value]: [string, unknown]) => {
      const field = known.get(key);
      if (typeof value !== 'string' || field?.type === 'json') return [key, value];
      const text = asStored(field, value);
      return [key, text === '' && field?.required === false ? null : text];
    }),
  );
}

/** A text as the named field stores it, such as one that a row is looked for by. */
export function tidiedText({ fields }: Entity, name: string, text: string): string {
  return asStored(
    fields.find((field) => field.name === name),
    text,
  );
}

function asStored(field: Field | undefined, text: string): string {
  return field?.type === 'email' ? tidyEmail(text) : tidyText(text);
}

/**
 * The other types are checked as they were given, and then brought into the form that is stored,
 * which not every time has: in UTC it may be of a year that has no four digits.
 */
function stored({ fields }: Entity, checked: Checked<RowValues>): Checked<RowValues> {
  if (!checked.ok) return checked;
  const violations: Violation[] = [];
  const values = fields.flatMap((field) => {
    const given = checked.value[field.name];
    if (given === undefined) return [];
    const value = canonical(given, field);
    if (!fits(value, field))
      violations.push({
        pointer: `/${field.name}`,
        rule: 'format',
        detail: `must be ${expected(field, value)}`,
      });
    return [[field.name, value] as const];
  });
  return violations.length > 0 ? { ok: false, violations } : { ok: true, value: Object.fromEntries(values) };
}
