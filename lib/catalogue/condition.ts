// Which rows of an entity a system has: those whose field has a value, or does not have it.
import { canonical, fits, expected } from './field-types.ts';
import type { Entity, FieldType } from './entity.ts';
import { suggestion } from './near-names.ts';
import type { Value } from './value.ts';

/** A question about one field of a row. Null stands for an empty field. */
export type When =
  | { readonly field: string; readonly is: Value }
  | { readonly field: string; readonly not: Value }
  | { readonly field: string; readonly in: readonly Value[] };

/** What happens to the record of a row that no longer fulfils the condition. */
export const onLeaves = ['detach', 'delete', 'keep'] as const;

export interface Condition {
  when: When;
  onLeave: (typeof onLeaves)[number];
}

/** Types whose canonical values are the same only if they are equal. */
const COMPARABLE: readonly FieldType[] = ['text', 'enum', 'integer', 'boolean', 'date', 'reference'];

/** Whether a row with these values, in canonical form, is one of those that the system has. */
export function holds({ when }: Condition, fields: Readonly<Record<string, Value>>): boolean {
  const value = Object.hasOwn(fields, when.field) ? (fields[when.field] ?? null) : null;
  if ('in' in when) return when.in.includes(value);
  return 'is' in when ? value === when.is : value !== when.not;
}

/** The problems of a question that has the right form, each with its place below the question. */
export function whenProblems(when: When, entity: Entity): string[] {
  const names = entity.fields.map(({ name }) => name);
  const field = entity.fields.find(({ name }) => name === when.field);
  if (field === undefined) {
    return [
      `/field: a ${entity.name} has no field "${when.field}"${suggestion(when.field, names)} (it has: ${names.join(', ')})`,
    ];
  }
  if (!COMPARABLE.includes(field.type)) {
    return [`/field: ${field.name} is ${field.type}; a condition can ask for ${COMPARABLE.join(', ')}`];
  }
  return valuesOf(when).flatMap(([place, value]) => {
    if (value === null && field.required) return [`${place}: a ${entity.name} always has a ${field.name}`];
    return fits(canonical(value, field), field)
      ? []
      : [`${place}: must be ${expected(field)}, not ${JSON.stringify(value)}`];
  });
}

/** The question with its values in canonical form. */
export function canonicalWhen(when: When, entity: Entity): When {
  const field = entity.fields.find(({ name }) => name === when.field);
  if (field === undefined) return when;
  if ('in' in when) return { field: when.field, in: when.in.map((value) => canonical(value, field)) };
  return 'is' in when
    ? { field: when.field, is: canonical(when.is, field) }
    : { field: when.field, not: canonical(when.not, field) };
}

function valuesOf(when: When): [place: string, value: Value][] {
  if ('in' in when) return when.in.map((value, at) => [`/in/${at}`, value]);
  return 'is' in when ? [['/is', when.is]] : [['/not', when.not]];
}
