// Answers of the API for the views of pages, from the API document: an example where a schema has one, and else
// a value that its schema allows. So a member that the API renames breaks the page that shows it.
import { readDocument } from '../api/described.ts';

type Schema = {
  $ref?: string;
  examples?: unknown[];
  example?: unknown;
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  format?: string;
  anyOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
};

const schemas = (readDocument().components as { schemas: Record<string, Schema> }).schemas;

/** A body with the schema of this name, with some members in place of those made up. */
export function sample<T>(name: string, instead: Partial<T> | object = {}): T {
  const made = valueOf(schemas[name] ?? {});
  if (typeof made !== 'object' || made === null) throw new Error(`the document has no schema ${name}`);
  return { ...made, ...instead } as T;
}

function valueOf(schema: Schema): unknown {
  const { $ref, examples = [], anyOf } = schema;
  if ($ref !== undefined) return valueOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {});
  if (examples.length > 0) return structuredClone(examples[0]);
  if (schema.example !== undefined) return structuredClone(schema.example);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (anyOf?.[0]) return valueOf(anyOf[0]);
  return ofType(schema);
}

function ofType(schema: Schema): unknown {
  const { type = 'object', format, properties = {}, items = {}, minimum = 0 } = schema;
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return format === 'date-time' ? '2026-11-29T08:01:58.570Z' : 'text';
    case 'integer':
    case 'number':
      return Math.max(1, minimum);
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'array':
      return [valueOf(items)];
    default:
      return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, valueOf(inner)]));
  }
}
