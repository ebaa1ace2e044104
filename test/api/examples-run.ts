// Compares answers with the examples of their schemas, and finds values for the parameters of paths.
import type { ApiDocument, Operation, Shown } from './described.ts';

export { readDocument, type Operation } from './described.ts';

type Examples = ReadonlyMap<string, readonly unknown[]>;
type Schemas = { schemas: Record<string, { examples?: unknown[] }> };

/** By the reference to the schema. */
export function examplesOf({ components }: ApiDocument): Examples {
  const { schemas } = components as Schemas;
  return new Map(
    Object.entries(schemas).flatMap(([name, { examples }]) =>
      examples === undefined ? [] : [[`#/components/schemas/${name}`, examples] as const],
    ),
  );
}

const NO_UUID = '00000000-0000-7000-8000-000000000000';

/** The path with a value for each parameter: of the row 1, of what is `known`, or of nothing that there is. */
export function pathFor(document: ApiDocument, path: string, known: Record<string, string>): string {
  const parameters = document.paths[path]?.['parameters'] as unknown;
  type Parameter = { name: string; schema: { type?: string; pattern?: string } };
  let url = path;
  for (const { name, schema } of (parameters ?? []) as Parameter[]) {
    const group = path.split('/')[3] ?? '';
    const candidates =
      schema.type === 'integer'
        ? ['1']
        : [
            known[`${group.replace(/s$/, '')}_${name}`],
            NO_UUID,
            ...[12, 16, 64].map((length) => '0'.repeat(length)),
            'x',
          ];
    const fits = (value: string | undefined): value is string =>
      value !== undefined && new RegExp(schema.pattern ?? '').test(value);
    const value = candidates.find(fits);
    if (value === undefined)
      throw new Error(`no value for the parameter ${name} of ${path}: give examples-run.ts one`);
    url = url.replace(`{${name}}`, value);
  }
  return url;
}

/** What an operation needs in its query, by the examples of its parameters. */
export function requiredQuery({ parameters = [] }: Operation): string {
  const needed = parameters.flatMap((each) =>
    'in' in each && each.in === 'query' && each.required === true
      ? [`${each.name}=${encodeURIComponent(String(each.example))}`]
      : [],
  );
  return needed.length === 0 ? '' : `?${needed.join('&')}`;
}

/** For each schema with an example that the answer has: what differs, or null. */
export function exampleProblems(
  examples: Examples,
  { responses }: Operation,
  { status, text }: Shown,
): { ref: string; problem: string | null }[] {
  type Schema = { $ref?: string; type?: string; items?: { $ref?: string } };
  const schema: Schema | undefined = responses[status]?.content?.['application/json']?.schema;
  if (schema === undefined) return [];
  const said = JSON.parse(text) as unknown;
  const ref = schema.$ref ?? schema.items?.$ref ?? '';
  const answers = schema.type === 'array' ? (said as unknown[]).slice(0, 1) : [said];
  const [example] = examples.get(ref) ?? [];
  return example === undefined
    ? []
    : answers.map((answer) => ({ ref, problem: difference(example, answer, '') }));
}

/** Texts, numbers and lists may differ in their values; the members, the types and nulls may not. */
function difference(example: unknown, answer: unknown, at: string): string | null {
  const [one, other] = [example, answer].map(kindOf);
  // A value may be there where the example has none, and the other way round.
  if (one === 'null' || other === 'null') return null;
  if (one !== other) return `${at || '/'} is a ${other} and not a ${one}`;
  if (one !== 'object') return null;
  const [have, want] = [answer as Record<string, unknown>, example as Record<string, unknown>];
  // An object with the systems as its members has as many as there are systems.
  const isMap = /\/(external_mappings|sync)$/.test(at);
  const names = Object.keys(want).filter((name) => !isMap || name in have);
  const missing = names.find((name) => !(name in have));
  if (missing !== undefined) return `${at}/${missing} is missing`;
  const more = Object.keys(have).find((name) => !(name in want) && !isMap);
  if (more !== undefined) return `${at}/${more} is not in the example`;
  return (
    names
      .map((name) => difference(want[name], have[name], `${at}/${name}`))
      .find((found) => found !== null) ?? null
  );
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
