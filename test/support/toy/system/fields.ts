// The fields of a person of Toy that a mapping document may name: what Toy takes and gives, as data.
import type { Value } from '../../../../lib/catalogue/document.ts';
import type { FieldType } from '../../../../lib/catalogue/entity.ts';
import { plainText } from '../../../../lib/catalogue/field-types.ts';

export interface PersonField {
  /** Its form in JSON; null where it is not set. */
  form: 'string' | 'number' | 'boolean';
  /** The longest text that Toy takes; null where it states none. */
  maxLength: number | null;
}

export const personFields: Readonly<Record<string, PersonField>> = {
  full_name: { form: 'string', maxLength: 200 },
  mail: { form: 'string', maxLength: 200 },
  phone: { form: 'string', maxLength: 40 },
  points: { form: 'number', maxLength: null },
  newsletter: { form: 'boolean', maxLength: null },
};

export function fieldNamed(field: string): PersonField | undefined {
  return Object.hasOwn(personFields, field) ? personFields[field] : undefined;
}

/** The types of our fields that a form can hold; a text holds all of them. */
export const HOLDS: Record<'number' | 'boolean', readonly FieldType[]> = {
  number: ['integer', 'money', 'decimal'],
  boolean: ['boolean'],
};

/** No text of Toy is longer; what is, was not written by Toy. */
const LONGEST = 10_000;

/** Whether a value has the form of its field: one of another form is no value of it. */
export function isValue(field: string, value: unknown): value is Value {
  if (value === null) return true;
  const { form } = fieldNamed(field) ?? {};
  if (form === 'number' ? !Number.isFinite(value) : typeof value !== form) return false;
  return typeof value !== 'string' || value.length <= LONGEST;
}

/** A value of ours as Toy takes it. One that does not fit is sent as it is, and Toy refuses it. */
export function toTheirs(field: string, value: Value): Value {
  if (value === null) return null;
  const { form } = fieldNamed(field) ?? {};
  if (form === 'string') return plainText(value);
  return form === 'number' && typeof value === 'string' && value !== '' ? Number(value) : value;
}
