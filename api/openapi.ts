// The API as an OpenAPI 3.1 document, put together from the schemas that check the requests and the
// table of problems.

import { customerChangeSchema, newCustomerSchema } from '../lib/catalogue/customer.ts';
import { systems } from '../lib/integrations/registry.ts';
import { BODY_LIMIT } from './body.ts';
import { changesQuerySchema, changesSchema } from './change-schemas.ts';
import { acceptedSchema, choiceSchemaOf, chosenSchema } from './choice-schemas.ts';
import { customerIdSchema, customerQuerySchema, customerSchema } from './customer-schemas.ts';
import { conflictSchema, reversedSchema } from './conflict-schemas.ts';
import { ifMatchPattern } from './if-match.ts';
import { linkedSchema, mappingSchema } from './mapping-schemas.ts';
import { operatorPaths, takenInSchema } from './openapi-operators.ts';
import { answer, body, operation, parameter, queryParameters, ref, type Json } from './openapi-parts.ts';
import { resolutionSchema, resolvedSchema } from './resolution-schemas.ts';
import { problemKinds } from './problems.ts';
import { rowProblems } from './row-refusal.ts';
import { ruleKinds } from '../db/row-rules.ts';

export function openApiDocument(): Json {
  const ofOneCustomer = ['invalid_request', 'malformed_request', 'customer_not_found'] as const;
  const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
  const ofChange = ['version_mismatch', 'contended', ...rowProblems] as const;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Twinbox',
      version: '1',
      description: 'Customers that external systems follow, and that follow them.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, {}],
    paths: {
      '/api/v1/customers': {
        get: operation('listCustomers', 'Customers in the order of their ids, a page at a time', {
          parameters: queryParameters(customerQuerySchema),
          responses: { 200: answer('A page', { type: 'array', items: ref('Customer') }, ['Link']) },
          problems: ['invalid_request', 'malformed_request'],
        }),
        post: operation('createCustomer', 'A new customer', {
          parameters: [ref('Twinbox-Bulk', 'parameters')],
          requestBody: body('NewCustomer', ['application/json']),
          responses: { 201: answer('It was created', ref('Customer'), ['ETag', 'Location']) },
          problems: ['invalid_request', ...ofBody, 'duplicate_email', ...rowProblems],
        }),
      },
      '/api/v1/customers/changes': {
        get: operation('followCustomers', 'Every change in the order of the commits, deletions included', {
          parameters: queryParameters(changesQuerySchema),
          responses: { 200: answer('What was changed, and where to go on', ref('Changes')) },
          problems: ['invalid_request', 'malformed_request', 'position_expired'],
        }),
      },
      '/api/v1/customers/{id}': {
        parameters: [parameter('id', 'path', customerIdSchema)],
        get: operation('readCustomer', 'One customer with its counterparts', {
          responses: { 200: answer('The customer', ref('Customer'), ['ETag']) },
          problems: ofOneCustomer,
        }),
        put: operation('replaceCustomer', 'Both fields anew', {
          parameters: [ref('If-Match', 'parameters'), ref('Twinbox-Bulk', 'parameters')],
          requestBody: body('NewCustomer', ['application/json']),
          responses: {
            200: answer('As it is now; the same version if nothing differed', ref('Customer'), ['ETag']),
          },
          problems: [...ofOneCustomer, ...ofBody, ...ofChange, 'duplicate_email'],
        }),
        patch: operation('changeCustomer', 'One field or both', {
          parameters: [ref('If-Match', 'parameters'), ref('Twinbox-Bulk', 'parameters')],
          requestBody: body('CustomerChange', ['application/json', 'application/merge-patch+json']),
          responses: {
            200: answer('As it is now; the same version if nothing differed', ref('Customer'), ['ETag']),
          },
          problems: [...ofOneCustomer, ...ofBody, ...ofChange, 'duplicate_email'],
        }),
        delete: operation(
          'deleteCustomer',
          'Deletes it here and, as the settings say, at the external systems',
          {
            parameters: [ref('If-Match', 'parameters'), ref('Twinbox-Bulk', 'parameters')],
            responses: { 204: { description: 'It is deleted' } },
            problems: [...ofOneCustomer, ...ofChange],
          },
        ),
      },
      ...operatorPaths(),
      '/health': {
        get: open('health', 'Whether this process is alive', { 200: answer('It is', ref('Health')) }),
      },
      '/ready': {
        get: open('ready', 'Whether its database takes writes, and how far behind the rest is', {
          200: answer('It does; warnings say what else is wrong', ref('Readiness')),
          503: answer('It does not; not_ready says why', ref('Readiness')),
        }),
      },
    },
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'One of API_KEYS, if there are any.' },
      },
      parameters: {
        'If-Match': {
          ...parameter('If-Match', 'header', { type: 'string', pattern: ifMatchPattern }),
          description:
            'The ETag of the state you saw, such as "7", or several with commas; the change is made only if it still is one of them. Weak tags (W/"7") and what proxies make of a tag when they compress ("7-gzip") are taken as "7". An asterisk asks only that there is one.',
        },
        'Twinbox-Bulk': {
          ...parameter('Twinbox-Bulk', 'header', { type: 'string', enum: ['true', 'false'] }),
          description:
            '"true" for a change that is one of many: single changes go to external systems before it.',
        },
      },
      headers: {
        ETag: { description: 'The version in quotes, for If-Match.', schema: { type: 'string' } },
        Location: { description: 'Where the customer is.', schema: { type: 'string' } },
        Link: {
          description: 'rel="next" leads to the next page; absent on the last.',
          schema: { type: 'string' },
        },
        'X-Request-Id': { description: 'Yours, or one made here.', schema: { type: 'string' } },
      },
      schemas: {
        Customer: customerSchema,
        Changes: changesSchema,
        NewCustomer: newCustomerSchema,
        CustomerChange: customerChangeSchema,
        Conflict: conflictSchema,
        Reversed: reversedSchema,
        Mapping: mappingSchema,
        Linked: linkedSchema,
        Resolution: resolutionSchema,
        Resolved: resolvedSchema,
        Choice: choiceSchemaOf(systems.names),
        Chosen: chosenSchema,
        Accepted: acceptedSchema,
        TakenIn: takenInSchema,
        Problem: problemSchema,
        Health: { type: 'object', required: ['status'], properties: { status: { const: 'healthy' } } },
        Readiness: readinessSchema,
      },
    },
  };
}

const problemSchema = {
  type: 'object',
  description: `RFC 9457. Branch on code. A body may have ${BODY_LIMIT} bytes.`,
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
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901); empty for the whole.' },
          code: { type: 'string' },
          detail: { type: 'string' },
          customer_id: { ...customerIdSchema, description: 'With code unique: who has the value.' },
        },
      },
    },
    request_id: { type: 'string' },
    current: {
      anyOf: [ref('Customer'), { type: 'null' }],
      description: 'With version_mismatch and overtaken: the customer as it is now; null if it is deleted.',
    },
    conflict: { ...ref('Conflict'), description: 'With overtaken and cannot_reverse.' },
    customer_id: { ...customerIdSchema, description: 'With duplicate_email: who has it.' },
    rule: {
      type: ['string', 'null'],
      description:
        'With row_refused, row_conflicts and row_swallowed: the constraint, or the function of the trigger; null if it has no name.',
    },
    kind: {
      type: 'string',
      enum: ruleKinds,
      description: 'With row_refused, row_conflicts and row_swallowed: what kind of rule it is.',
    },
    columns: {
      type: 'array',
      items: { type: 'string' },
      description: 'With the same codes: the columns that the rule is about, as far as they are known.',
    },
    sqlstate: {
      type: ['string', 'null'],
      description: 'With the same codes: the SQLSTATE with which the rule refuses.',
    },
    state: { type: 'string', description: 'With cannot_link: how the mapping stands.' },
    reason: {
      type: ['string', 'null'],
      description: 'With cannot_link, invalid_signature and position_expired: why.',
    },
  },
};

const count = { type: 'integer', minimum: 0 };

const readinessSchema = {
  type: 'object',
  description: 'The figures of a part are there if that part runs in the process that was asked.',
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
      description: 'How many of each role have shown a sign of life in the last 15 seconds.',
      additionalProperties: count,
    },
    published_not_received: {
      type: 'object',
      required: ['events', 'more', 'oldest'],
      properties: {
        events: count,
        more: { type: 'boolean', description: 'There may be more than are counted.' },
        oldest: { type: ['string', 'null'], format: 'date-time' },
      },
    },
    last_webhook_at: { type: ['string', 'null'], format: 'date-time' },
    webhooks_refused: count,
    swept_to: { type: ['string', 'null'], format: 'date-time' },
    swept_events: count,
    relay_seconds_behind: { type: 'number', minimum: 0 },
    dirty: count,
    parked: count,
    waiting: count,
    oldest_open_intent: { type: ['object', 'null'] },
  },
};

function open(operationId: string, summary: string, responses: Json): Json {
  return { operationId, summary, security: [], responses };
}
