// A JSON Schema as a list of its members, for people.
import { element } from './document.js';

/** What a reference leads to; anything else as it is. */
export function follow(whole, part) {
  if (part.$ref === undefined) return part;
  return part.$ref
    .slice(2)
    .split('/')
    .reduce((at, name) => at[name], whole);
}

/** All members of the schema and of the schemas that it is put together from. */
export function schemaList(whole, schema) {
  const { properties, required } = together(whole, schema);
  return element(
    'table',
    {},
    ...Object.entries(properties).map(([name, property]) => {
      const own = follow(whole, property);
      const inner = own.properties === undefined ? [] : [schemaList(whole, own)];
      return element(
        'tr',
        {},
        element('td', {}, element('code', {}, name), required.has(name) ? '' : ' (optional)'),
        element('td', {}, formOf(own), own.description ? ` · ${own.description}` : '', ...inner),
      );
    }),
  );
}

function together(whole, schema) {
  const parts = [follow(whole, schema)].flatMap((own) =>
    (own.allOf ?? [own]).map((part) => follow(whole, part)),
  );
  const properties = {};
  for (const part of parts)
    for (const [name, property] of Object.entries(part.properties ?? {}))
      properties[name] = { ...properties[name], ...property };
  return { properties, required: new Set(parts.flatMap((part) => part.required ?? [])) };
}

function formOf({ type, enum: values, const: only, format, pattern }) {
  if (only !== undefined) return JSON.stringify(only);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  const form = [type ?? 'any'].flat().join(' or ');
  return `${form}${format ? ` (${format})` : ''}${pattern ? ` ${pattern}` : ''}`;
}
