/**
 * Checks requests and answers against Stripe's own OpenAPI description, so that the double keeps to
 * its forms.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Operation = {
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content: Record<string, { schema: object }> }>;
};

type Document = { paths: Record<string, Record<string, Operation>> };

const file = new URL('../../simulator/openapi/stripe-openapi.json', import.meta.url);
// The cast is safe, since the file is part of this repository.
export const openapi = JSON.parse(readFileSync(file, 'utf8')) as Document;

const answers = new Ajv2020({ strict: false, validateFormats: false });
// Form fields are all strings, so they are converted as the description says.
const requests = new Ajv2020({ strict: false, validateFormats: false, coerceTypes: 'array' });
answers.addSchema(openapi, 'stripe');
requests.addSchema(openapi, 'stripe');

const compiled = new Map<string, ValidateFunction>();

export function checkAnswer(method: string, path: string, status: number, body: unknown): void {
  const found = findOperation(method, path);
  if (!found) return;
  const kind = status === 200 ? '200' : 'default';
  const place = `${found.pointer}/responses/${kind}/content/application~1json/schema`;
  check(answers, `stripe#${place}`, body, `answer to ${method} ${path} (${status})`);
}

export function checkRequest(method: string, path: string, form: URLSearchParams): void {
  const found = findOperation(method, path);
  if (!found) return;
  if (method === 'POST') {
    const place = `${found.pointer}/requestBody/content/application~1x-www-form-urlencoded/schema`;
    return check(requests, `stripe#${place}`, nest(form), `request ${method} ${path}`);
  }
  const properties = Object.fromEntries(
    (found.operation.parameters ?? []).map(({ name, schema }) => [name, schema]),
  );
  const validate = requests.compile({ type: 'object', properties, additionalProperties: false });
  const params = nest(form);
  if (!validate(params))
    throw new Error(`request ${method} ${path}: ${requests.errorsText(validate.errors)}`);
}

export function checkSchema(name: string, value: unknown): void {
  check(answers, `stripe#/components/schemas/${name}`, value, name);
}

export function requestParams(method: string, path: string): string[] {
  const body = findOperation(method, path)?.operation.requestBody?.content[
    'application/x-www-form-urlencoded'
  ];
  const schema: { properties?: object } | undefined = body?.schema; // request bodies are always objects
  return Object.keys(schema?.properties ?? {});
}

function check(ajv: Ajv2020, reference: string, value: unknown, what: string): void {
  let validate = compiled.get(reference);
  if (!validate) compiled.set(reference, (validate = ajv.compile({ $ref: reference })));
  if (!validate(value))
    throw new Error(`${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
}

function findOperation(method: string, path: string): { operation: Operation; pointer: string } | null {
  const given = path.split('/');
  const fitting = Object.keys(openapi.paths).filter((template) => {
    const segments = template.split('/');
    return (
      segments.length === given.length &&
      segments.every((part, at) => part.startsWith('{') || part === given[at])
    );
  });
  // A fixed segment (`search`) is nearer than a placeholder.
  const template = fitting.sort((a, b) => a.split('{').length - b.split('{').length)[0];
  const operation = template === undefined ? undefined : openapi.paths[template]?.[method.toLowerCase()];
  if (!operation || template === undefined) return null;
  const escaped = template
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll('{', '%7B')
    .replaceAll('}', '%7D');
  return { operation, pointer: `/paths/${escaped}/${method.toLowerCase()}` };
}

type Nested = { [name: string]: string | Nested | (string | Nested)[] };

function nest(form: URLSearchParams): Nested {
  const root: Nested = {};
  for (const [name, value] of form) {
    const segments = name.split(/\[|\]\[|\]$/).filter((segment) => segment !== '');
    let level = root;
    for (const segment of segments.slice(0, -1)) level = (level[segment] ??= {}) as Nested; // a leaf never stands above another leaf
    level[segments.at(-1) ?? name] = value;
  }
  return listsIn(root) as Nested;
}

function listsIn(value: string | Nested | (string | Nested)[]): string | Nested | (string | Nested)[] {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, listsIn(inner)] as const);
  const isList = entries.length > 0 && entries.every(([name], index) => name === String(index));
  return isList ? (entries.map(([, inner]) => inner) as (string | Nested)[]) : Object.fromEntries(entries);
}
