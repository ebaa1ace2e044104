// Values for the examples in the documents: one for each field of the catalogue, of its type.
import type { Entity, Field } from '../lib/catalogue/entity.ts';

type Values = Record<string, unknown>;

/** A whole row as a caller gives it: every required field. */
export function exampleRow({ fields }: Entity): Values {
  const required = fields.filter((field) => field.required);
  return Object.fromEntries(required.map((field) => [field.name, exampleOf(field)]));
}

/** A change of one field: of the first one that no other row has to differ in. */
export function exampleChange({ fields, identity }: Entity): Values {
  const [field = fields[0]] = fields.filter(({ name }) => name !== identity);
  if (field === undefined) throw new Error('an entity has fields');
  return { [field.name]: exampleOf(field, 'Ada King') };
}

/** A row as the API and the events show it; a field that may be empty is. */
export function exampleShown({ fields }: Entity): Values {
  return Object.fromEntries(
    fields.map((field) => [field.name, field.required ? exampleOf(field) : null] as const),
  );
}

function exampleOf({ type, values, maxLength }: Field, text = 'Ada Lovelace'): unknown {
  switch (type) {
    case 'text':
      return maxLength === null ? text : text.slice(0, maxLength).trim();
    case 'email':
      return 'ada@example.org';
    case 'enum':
      return values?.[0] ?? '';
    case 'integer':
    case 'reference':
      return 1;
    case 'money':
      return 1999;
    case 'decimal':
      return '1';
    case 'boolean':
      return true;
    case 'date':
      return '2026-01-31';
    case 'timestamp':
      return '2026-01-31T12:00:00Z';
    case 'json':
      return { a: 1 };
  }
}
