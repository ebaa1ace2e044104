// The API as an OpenAPI 3.1 document, built from the schemas that check the requests and from the
// table of problems.

import { customer } from '../lib/catalogue/built-in.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { rowChecksOf } from '../lib/catalogue/row-checks.ts';
import { systems } from '../lib/integrations/registry.ts';
import { BODY_LIMIT } from './body.ts';
import { changesSchemaOf } from './change-schemas.ts';
import { acceptedSchema, choiceSchemaOf, chosenSchema } from './choice-schemas.ts';
import { customerIdSchema, customerSchemaOf } from './customer-schemas.ts';
import { conflictSchema, previewedConflictSchema, reversedSchema } from './conflict-schemas.ts';
import { keySchema, revokedSchema } from './key-schemas.ts';
import { linkedSchema, mappingSchema } from './mapping-schemas.ts';
import { comparisonPaths, comparisonSchemas } from './openapi-comparisons.ts';
import { controlPaths, controlSchemas } from './openapi-control.ts';
import { customerPaths } from './openapi-customers.ts';
import { linkPaths, linkSchemas } from './openapi-links.ts';
import { overviewPaths, overviewSchemas } from './openapi-overview.ts';
import { operatorPaths, takenInSchema } from './openapi-operators.ts';
import { replayPaths, replaySchemas } from './openapi-replays.ts';
import { storyPaths, storySchemas } from './openapi-stories.ts';
import { tagged } from './openapi-tags.ts';
import { withExamples } from './openapi-examples.ts';
import { answer, ofServer, operation, problemAnswers, ref, type Json } from './openapi-parts.ts';
import { writeHeaders, writeParameters } from './openapi-writes.ts';
import { actBodySchema } from './replay-schemas.ts';
import { resolutionSchema, resolvedSchema } from './resolution-schemas.ts';
import { problemKinds } from './problems.ts';
import { ruleKinds } from '../db/row-rules.ts';

/** `entity`: what a customer is in this installation. */
export function openApiDocument(entity: Entity = customer): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Twinbox',
      version: '1',
      description: 'Customers that are kept the same as in external systems, in both directions.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, {}],
    ...tagged({
      ...customerPaths(entity),
      ...operatorPaths(entity),
      ...comparisonPaths(),
      ...linkPaths(),
      ...storyPaths(),
      ...controlPaths(),
      ...replayPaths(),
      ...overviewPaths(),
      '/api/v1/openapi.json': { get: describeApi },
      '/api/v1/asyncapi.json': { get: describeTopics },
      '/metrics': { get: readMetrics },
      '/health': {
        get: open('health', 'Whether this process is alive', {
          ...problemAnswers(ofServer),
          200: answer('Alive', ref('Health')),
        }),
      },
      '/ready': {
        get: open('ready', 'Whether the database accepts writes, and how far behind the rest is', {
          ...problemAnswers(ofServer),
          200: answer('The database accepts writes; warnings say what else is wrong', ref('Readiness')),
          503: notReady,
        }),
      },
    }),
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: SCHEME },
      },
      parameters: writeParameters,
      headers,
      schemas: withExamples(schemasOf(entity), { entity, systems: systems.names }),
    },
  };
}

function schemasOf(entity: Entity): Record<string, object> {
  const { newSchema, changeSchema } = rowChecksOf(entity);
  return {
    Customer: customerSchemaOf(entity),
    Changes: changesSchemaOf(entity),
    NewCustomer: newSchema,
    CustomerChange: changeSchema,
    Conflict: conflictSchema,
    Reason: actBodySchema,
    PreviewedConflict: previewedConflictSchema,
    Reversed: reversedSchema,
    ...comparisonSchemas,
    ...linkSchemas,
    ...storySchemas,
    ...controlSchemas,
    ...replaySchemas,
    ...overviewSchemas,
    Mapping: mappingSchema,
    Linked: linkedSchema,
    Resolution: resolutionSchema,
    Resolved: resolvedSchema,
    Choice: choiceSchemaOf(systems.names),
    Chosen: chosenSchema,
    Accepted: acceptedSchema,
    TakenIn: takenInSchema,
    Key: keySchema,
    Revoked: revokedSchema,
    Problem: problemSchema,
    Health: { type: 'object', required: ['status'], properties: { status: { const: 'healthy' } } },
    Readiness: readinessSchema,
  };
}

/** A process that is starting answers as on every other path. */
const notReady = {
  ...answer('The database does not accept writes; not_ready says why', ref('Readiness')),
  content: {
    'application/json': { schema: ref('Readiness') },
    'application/problem+json': { schema: ref('Problem') },
  },
};

const describeApi = operation(
  'describeApi',
  'This document, with the fields that a customer has in this installation',
  {
    scope: 'viewer',
    responses: { 200: answer('An OpenAPI 3.1 document', { type: 'object', required: ['openapi', 'paths'] }) },
    problems: [],
  },
);
const describeTopics = operation(
  'describeTopics',
  'The topics of this installation, and the events on each',
  {
    scope: 'viewer',
    responses: {
      200: answer('An AsyncAPI 3 document', { type: 'object', required: ['asyncapi', 'channels'] }),
    },
    problems: [],
  },
);
const readMetrics = operation('readMetrics', 'Figures of this process, as Prometheus reads them', {
  scope: 'viewer',
  responses: {
    200: {
      ...answer('docs/metrics.md has each of them', { type: 'string' }),
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
  },
  problems: [],
});
const SCHEME =
  'A key that `twinbox keys create` made, or one of API_KEYS; none is needed as long as there is none. A requirement names the scope that the key needs: viewer reads; editor also writes rows; operator reads and does the acts of an operator; admin may do everything; ingest delivers events of one system that signs nothing.';

const headers = {
  ...writeHeaders,
  ETag: { description: 'The version in quotes, for If-Match.', schema: { type: 'string' } },
  Location: { description: 'The path of the customer.', schema: { type: 'string' } },
  Link: {
    description: 'rel="next" leads to the next page; the last page has no such link.',
    schema: { type: 'string' },
  },
  'X-Request-Id': { description: 'The id sent, or one of the API.', schema: { type: 'string' } },
};

const problemSchema = {
  type: 'object',
  description: `RFC 9457. Decide by the member code. A body may have ${BODY_LIMIT} bytes.`,
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problemKinds) },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'code', 'detail'],
        properties: {
          in: { type: 'string', enum: ['body', 'query', 'path', 'header'] },
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901); empty if the whole is meant.' },
          code: { type: 'string' },
          detail: { type: 'string' },
          customer_id: { ...customerIdSchema, description: 'With code unique: the customer with the value.' },
        },
      },
    },
    request_id: { type: 'string' },
    current: {
      anyOf: [ref('Customer'), { type: 'null' }],
      description: 'With version_mismatch and overtaken: the customer as it is now; null if it is deleted.',
    },
    conflict: { ...ref('Conflict'), description: 'With overtaken and cannot_reverse: the conflict.' },
    customer_id: {
      ...customerIdSchema,
      description: 'With duplicate_email and duplicate_identity: the customer that has the identity.',
    },
    rule: {
      type: ['string', 'null'],
      description:
        'With row_refused, row_conflicts and row_swallowed: the constraint, or the function of the trigger; null if it has no name.',
    },
    kind: {
      type: 'string',
      enum: ruleKinds,
      description: 'With row_refused, row_conflicts and row_swallowed: the kind of the rule.',
    },
    columns: {
      type: 'array',
      items: { type: 'string' },
      description: 'With the same codes: the columns of the rule, as far as they are known.',
    },
    sqlstate: {
      type: ['string', 'null'],
      description: 'With the same codes: the SQLSTATE with which the rule refuses.',
    },
    state: { type: 'string', description: 'With cannot_link: the state of the mapping.' },
    needed_scope: { type: 'string', description: 'With forbidden: what the route needs.' },
    scope: { type: 'string', description: 'With forbidden: what the key has.' },
    reason: {
      type: ['string', 'null'],
      description: 'With cannot_link, invalid_signature and position_expired: the reason.',
    },
  },
};

const count = { type: 'integer', minimum: 0 };

const readinessSchema = {
  type: 'object',
  description: 'The figures of a role are present if the role runs in the process that answers.',
  required: ['status', 'not_ready', 'warnings'],
  properties: {
    status: { type: 'string', enum: ['ready', 'not_ready'] },
    not_ready: {
      type: 'array',
      items: { type: 'object', properties: { part: { type: 'string' }, problem: { type: 'string' } } },
    },
    warnings: { type: 'array', items: { type: 'string' } },
    roles: {
      type: 'object',
      description: 'How many processes of each role have shown a sign of life in the last 15 seconds.',
      additionalProperties: count,
    },
    published_not_received: {
      type: 'object',
      required: ['events', 'more', 'oldest'],
      properties: {
        events: count,
        more: { type: 'boolean', description: 'Whether more may exist than were counted.' },
        oldest: { type: ['string', 'null'], format: 'date-time' },
      },
    },
    last_webhook_at: { type: ['string', 'null'], format: 'date-time' },
    webhooks_refused: count,
    keys_refused: { ...count, description: 'Wrong keys that this process was sent since its start.' },
    logins_limited: { ...count, description: 'Requests that it answered 429 since its start.' },
    swept_to: { type: ['string', 'null'], format: 'date-time' },
    swept_events: count,
    relay_seconds_behind: { type: 'number', minimum: 0 },
    dirty: count,
    parked: count,
    waiting: count,
    closed: {
      ...count,
      description: 'Parked and waiting pairs that a person has closed, counted in neither.',
    },
    oldest_open_intent: { type: ['object', 'null'] },
  },
};

function open(operationId: string, summary: string, responses: Json): Json {
  return { operationId, summary, security: [], responses };
}
