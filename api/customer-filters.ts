// The parameters of a list that ask for values of fields: each indexed field of the entity has one,
// by its name. A value is read as in a CSV file; an empty one asks for rows without a value.
import { filterFields } from '../db/entities/filters.ts';
import type { RowFields } from '../db/entities/row-values.ts';
import { pointerOf, type Checked, type Violation } from '../lib/catalogue/check.ts';
import type { Entity, Field, FieldType } from '../lib/catalogue/entity.ts';
import { expected, fieldSchema, fromText } from '../lib/catalogue/field-types.ts';
import { parameter, type Json } from './openapi-parts.ts';

/** Besides the identity, by which a list is filtered in any case. */
export function filterFieldsOf(entity: Entity): Field[] {
  const names = new Set(filterFields(entity).map(({ name }) => name));
  return entity.fields.filter(({ name }) => names.has(name));
}

/** By name, the schema of a value; that of the document, too. */
export function filterSchemasOf(entity: Entity): Record<string, object> {
  return Object.fromEntries(
    filterFieldsOf(entity).map((field) => [
      field.name,
      {
        ...fieldSchema({ ...field, required: true }),
        description: `Only ${entity.plural} with this ${field.name}${field.required ? '' : '; empty: those without one'}.`,
      },
    ]),
  );
}

export function filterParametersOf(entity: Entity): Json[] {
  const schemas = filterSchemasOf(entity);
  return filterFieldsOf(entity).map(({ name, required }) => ({
    ...parameter(name, 'query', schemas[name] ?? {}),
    ...(required ? {} : { allowEmptyValue: true }),
  }));
}

/** The values that the query asks for, in canonical form. */
export function readFilters(
  entity: Entity,
  query: Readonly<Record<string, string | number>>,
): Checked<RowFields> {
  const violations: Violation[] = [];
  const value: RowFields = {};
  for (const field of filterFieldsOf(entity)) {
    const given = query[field.name];
    if (given === undefined) continue;
    const read = fromText(String(given), field);
    if ('value' in read) value[field.name] = read.value;
    else violations.push({ pointer: pointerOf([field.name]), rule: RULES[field.type], detail: says(field) });
  }
  return violations.length > 0 ? { ok: false, violations } : { ok: true, value };
}

/** The same names of rules as those of a value in a body. */
const RULES: Readonly<Record<FieldType, string>> = {
  text: 'maxLength',
  email: 'pattern',
  enum: 'enum',
  integer: 'type',
  money: 'type',
  decimal: 'pattern',
  boolean: 'type',
  date: 'format',
  timestamp: 'format',
  json: 'type',
  reference: 'type',
};

function says(field: Field): string {
  return `must be ${expected(field)}${field.required ? '' : ', or empty for rows without a value'}`;
}

/** Says of an unknown parameter that is a field how a list is filtered by the field. */
export function withHints(entity: Entity, violations: readonly Violation[]): Violation[] {
  const filters = new Set(filterFieldsOf(entity).map(({ name }) => name));
  return violations.map((violation) => {
    const field = entity.fields.find(({ name }) => pointerOf([name]) === violation.pointer);
    if (violation.rule !== 'additionalProperties' || field === undefined || filters.has(field.name))
      return violation;
    const how =
      field.type === 'json'
        ? `${field.name} is a json field, and a list cannot be filtered by one`
        : `to filter by the field ${field.name}, let the configuration say indexed: true of it, and run npx twinbox migrate`;
    return { ...violation, detail: `${violation.detail}; ${how}` };
  });
}
