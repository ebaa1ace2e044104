// Parts that the descriptions of all routes use.

import type { RouteScope } from '../lib/keys/scopes.ts';
import { problemKinds, type ProblemCode } from './problems.ts';

export type Json = Record<string, unknown>;

export type Parts = {
  /** What a key needs for it: the same as in the declaration of the route, which a test compares. */
  scope: RouteScope;
  parameters?: Json[];
  requestBody?: Json;
  responses: Json;
  problems: readonly ProblemCode[];
};

export function operation(
  operationId: string,
  summary: string,
  { scope, problems, responses, ...rest }: Parts,
): Json {
  const codes = [...problems, ...ofKeys, 'database_unavailable'] as const;
  // OpenAPI 3.1 lets a requirement name the role that is needed, and an empty one says: or none.
  const access = { description: `A key needs the scope ${scope}.`, security: [{ key: [scope] }, {}] };
  return { operationId, summary, ...access, ...rest, responses: { ...responses, ...problemAnswers(codes) } };
}

/** What every route that needs a key may answer. */
export const ofKeys = ['unauthorized', 'forbidden', 'too_many_attempts'] as const;

/** One answer for each status; several codes may share one. */
export function problemAnswers(codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `${problemKinds[code].title} (${code})`).join('; '),
        headers: { 'X-Request-Id': ref('X-Request-Id', 'headers') },
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}

export function answer(description: string, schema: Json, headers: string[] = []): Json {
  const all = [...headers, 'X-Request-Id'].map((name) => [name, ref(name, 'headers')]);
  return { description, headers: Object.fromEntries(all), content: { 'application/json': { schema } } };
}

export function body(schema: string, types: string[]): Json {
  return {
    required: true,
    content: Object.fromEntries(types.map((type) => [type, { schema: ref(schema) }])),
  };
}

export function parameter(name: string, place: 'query' | 'path' | 'header', schema: object): Json {
  return { name, in: place, required: place === 'path', schema };
}

export function queryParameters(schema: { properties: object }): Json[] {
  return Object.entries(schema.properties).map(([name, property]) =>
    parameter(name, 'query', property as object),
  );
}

export function ref(name: string, kind = 'schemas'): Json {
  return { $ref: `#/components/${kind}/${name}` };
}
