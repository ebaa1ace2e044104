// Whether an answer is one that the document of the API has: every answer that a test of the API gets is
// looked at, so a route, a status, a code or a member that the document does not name fails a test.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { openApiDocument } from '../../api/openapi.ts';
import { problemKinds } from '../../api/problems.ts';
import type { DeclaredRoute } from '../../api/routing.ts';
import { customer } from '../../lib/catalogue/built-in.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';

export type Shown = { status: number; headers: Headers; text: string };

type Content = { schema: object; example?: object; 'x-line-schema'?: object };
type Described = { content?: Record<string, Content> };
export type Operation = {
  operationId: string;
  responses: Record<string, Described>;
  parameters?: ({ name: string; in: string; required?: boolean; example?: unknown } | { $ref: string })[];
  requestBody?: { content: Record<string, { schema: { $ref?: string }; example?: unknown }> };
  security?: { key?: string[] }[];
};
export type ApiDocument = { paths: Record<string, Record<string, Operation>>; components: object };

/** The document as a client reads it. */
export function readDocument(entity: Entity = customer): ApiDocument {
  return JSON.parse(JSON.stringify(openApiDocument(entity))) as ApiDocument;
}

/** Says what does not fit, or null. */
export type Check = (method: string, path: string, answer: Shown) => string | null;

const known = new WeakMap<Entity, Check>();

/** The check by the document of this catalogue; it is compiled once, and only what is asked for. */
export function describedBy(entity: Entity = customer): Check {
  const found = known.get(entity) ?? createCheck(readDocument(entity));
  known.set(entity, found);
  return found;
}

function createCheck(document: ApiDocument): Check {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'api', ...document });
  return (method, path, answer) => {
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    if (described === undefined) return 'the document does not have this answer';
    const type = answer.headers.get('Content-Type')?.split(';')[0] ?? '';
    const types = Object.keys(described.content ?? {});
    if (type === '' && answer.text === '' && types.length === 0) return null;
    if (!types.includes(type))
      return `the type ${type || 'none'} is not one of ${types.join(', ') || 'none'}`;
    const place = ['paths', path, method.toLowerCase(), 'responses', String(answer.status), 'content', type];
    const of = /[/+]json$/.test(type) ? 'schema' : 'x-line-schema';
    // A stream whose lines have no schema, such as server-sent events, has its own tests.
    if (of === 'x-line-schema' && described.content?.[type]?.[of] === undefined) return null;
    const pointer = [...place, of].map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
    const texts = of === 'schema' ? [answer.text] : answer.text.split('\n').filter((line) => line !== '');
    if (texts.every((text) => ajv.validate(`api#/${pointer}`, JSON.parse(text)))) return null;
    // Values may be long; the rules that are broken say enough.
    return ajv.errorsText(ajv.errors, { separator: '; ' }).slice(0, 500);
  };
}

/** Asserts that the built-in document has this answer of this route, whatever else the API answers. */
export function expectDescribed(method: string, path: string, answer: Shown): void {
  expect(describedBy()(method, path, answer), `${method} ${path} ${answer.status}`).to.equal(null);
}

/** What a path may answer that no route of the document has. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['not_found', 'method_not_allowed', 'unauthorized', 'forbidden', 'too_many_attempts'],
  ...['malformed_request', 'database_unavailable', 'internal_error', 'starting'],
]);

/**
 * Throws unless the document has this answer. A path that is no route, and a method that the path does not
 * take, may only be refused as every path refuses.
 */
export function demandDescribed(
  { routes, entity = customer }: { routes: readonly DeclaredRoute[]; entity?: Entity },
  { method, url, answer }: { method: string; url: string; answer: Shown },
): void {
  const path = url.split(/[?#]/)[0] ?? '';
  const asked = method === 'HEAD' ? 'GET' : method;
  const route = routeFor(routes, asked, path);
  const why =
    method === 'HEAD' || (method === 'OPTIONS' && answer.status === 204)
      ? null
      : route === undefined
        ? refusedElsewhere(answer)
        : route.scope === 'ingest' || PAGES.test(route.path)
          ? null
          : describedBy(entity)(asked, describedPath(route.path), answer);
  if (why === null) return;
  throw new Error(
    `${method} ${route?.path ?? path} answered ${answer.status}, which docs/openapi.json does not describe: ${why}`,
  );
}

/** The routes as the document names them, for an API whose table of routes is in another process. */
export function describedRoutes(): DeclaredRoute[] {
  return Object.entries(readDocument().paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'parameters')
      .map((method) => ({
        method: method as DeclaredRoute['method'],
        path: path.replace(/\{(\w+)\}/g, ':$1'),
        scope: 'open' as const,
      })),
  );
}

/** /api/v1/customers/:id as the document writes it. */
export function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

/** The route with the fewest parameters that has this path; the API mounts it before the others. */
function routeFor(routes: readonly DeclaredRoute[], method: string, path: string): DeclaredRoute | undefined {
  return routes
    .filter((route) => route.method === method.toLowerCase() && patternOf(route.path).test(path))
    .sort((one, other) => one.path.split(':').length - other.path.split(':').length)[0];
}

const patterns = new Map<string, RegExp>();

function patternOf(path: string): RegExp {
  const made =
    patterns.get(path) ?? new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}/?$`);
  patterns.set(path, made);
  return made;
}

/** Routes that the document leaves out: earlier names and second places, pages, and systems of a test. */
export function isUndescribed({ path, scope }: DeclaredRoute): boolean {
  return scope === 'ingest' || templateOf(path) in SECOND || PAGES.test(path);
}

/** By the path that the document has for the same. */
const SECOND: Record<string, string> = {
  '/api/v1/conflicts/{id}/turn': '/api/v1/conflicts/{id}/reverse',
  '/api/v1/health': '/health',
  '/api/v1/ready': '/ready',
  '/openapi.json': '/api/v1/openapi.json',
  '/asyncapi.json': '/api/v1/asyncapi.json',
};

const PAGES = /^\/(docs|redoc|asyncapi)(\/|$)/;

/** A system that only a test has answers as the one that is built in. */
const OF_A_TEST = /^\/api\/v1\/webhooks\/\w+$/;

function describedPath(path: string): string {
  const template = templateOf(path);
  const second = SECOND[template] ?? template;
  return OF_A_TEST.test(second) ? '/api/v1/webhooks/stripe' : second;
}

function refusedElsewhere(answer: Shown): string | null {
  const code = /"code":"(\w+)"/.exec(answer.text)?.[1] ?? '';
  if (!ELSEWHERE.has(code)) return `the code ${code || 'none'} is none that every path may answer`;
  return problemKinds[code as keyof typeof problemKinds].status === answer.status
    ? null
    : 'the status is not that of its code';
}
