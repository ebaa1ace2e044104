// Parts that the descriptions of all routes use.

import type { RouteScope } from '../lib/keys/scopes.ts';
import { Problem, problemDocument, problemKinds, type ProblemCode } from './problems.ts';

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
  const codes = [...problems, ...ofKeys, ...ofEvery] as const;
  // OpenAPI 3.1 lets a requirement name the role that is needed, and an empty one says: or none.
  const access = { description: `A key needs the scope ${scope}.`, security: [{ key: [scope] }, {}] };
  return { operationId, summary, ...access, ...rest, responses: { ...responses, ...problemAnswers(codes) } };
}

/**
 * A write: it takes an Idempotency-Key, and each answer to a write that was made may be the answer of an
 * earlier request with the key.
 */
export function write(operationId: string, summary: string, parts: Parts): Json {
  const responses = Object.entries(parts.responses as Record<string, Json>).map(([status, made]) => [
    status,
    { ...made, headers: { ...(made['headers'] as Json), ...named(['Idempotent-Replayed', 'X-Request-Id']) } },
  ]);
  return operation(operationId, summary, {
    ...parts,
    parameters: [...(parts.parameters ?? []), ref('Idempotency-Key', 'parameters')],
    responses: Object.fromEntries(responses) as Json,
    problems: [...parts.problems, 'idempotency_key_in_use', 'idempotency_key_reused'],
  });
}
/** What every route that needs a key may answer. */
export const ofKeys = ['unauthorized', 'forbidden', 'too_many_attempts'] as const;

/** What every route may answer, whatever it does. */
export const ofServer = [
  ...(['malformed_request', 'request_timeout', 'headers_too_large'] as const),
  ...(['internal_error', 'starting'] as const),
] as const;
/** What every route may answer that asks the database. */
export const ofEvery = [...ofServer, 'database_unavailable'] as const;

/** One answer for each status; several codes may share one. The schema of the answer names them. */
export function problemAnswers(codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => problemKinds[code].status);
  return Object.fromEntries([...byStatus].map(([status, same]) => [status, problemAnswer(same)] as const));
}

function problemAnswer(codes: readonly ProblemCode[]): Json {
  const schema = { allOf: [ref('Problem'), { properties: { code: { enum: codes } } }] };
  return {
    description: codes.map((code) => `${problemKinds[code].title} (${code})`).join('; '),
    headers: { 'X-Request-Id': ref('X-Request-Id', 'headers') },
    content: { 'application/problem+json': { schema, example: problemExample(codes) } },
  };
}

/** Of the first of the codes. */
function problemExample([code = 'internal_error']: readonly ProblemCode[]): Json {
  const detail = 'What is wrong, and how to fix it.';
  return problemDocument(new Problem(code, detail), '019a8a3c-7f00-7000-8000-000000000001');
}

export function answer(description: string, schema: Json, headers: string[] = []): Json {
  const content = { 'application/json': { schema } };
  return { description, headers: named([...headers, 'X-Request-Id']), content };
}

function named(headers: readonly string[]): Json {
  return Object.fromEntries(headers.map((name) => [name, ref(name, 'headers')]));
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
