// The operators' routes and the webhook route, for the API document.

import { identityName, type Entity } from '../lib/catalogue/entity.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { systems } from '../lib/integrations/registry.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { conflictPathSchema, conflictQuerySchema } from './conflict-schemas.ts';
import { identityProblemOf } from './identity-taken.ts';
import { keyPathSchema } from './key-schemas.ts';
import { mappingPathSchema, mappingQuerySchema } from './mapping-schemas.ts';
import {
  answer,
  body,
  ofEvery,
  ofKeys,
  operation,
  parameter,
  problemAnswers,
  queryParameters,
  ref,
  write,
  type Json,
} from './openapi-parts.ts';
import { rowProblems } from './row-refusal.ts';

const conflictId = parameter('id', 'path', conflictPathSchema.properties.id);
const mappingId = parameter('id', 'path', mappingPathSchema.properties.id);
const customerId = parameter('id', 'path', customerIdSchema);
const ofOneCustomer = ['invalid_request', 'malformed_request', 'customer_not_found'] as const;
const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
const ofReverse = ['overtaken', 'cannot_reverse', 'contended', ...rowProblems] as const;
const ofOneConflict = ['invalid_request', 'malformed_request', 'conflict_not_found'] as const;

export function operatorPaths(entity: Entity): Json {
  return {
    '/api/v1/conflicts': {
      get: operation('listConflicts', 'Lists the values that were not kept, newest first, in pages', {
        scope: 'viewer',
        parameters: queryParameters(conflictQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('Conflict') }, ['Link']) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/conflicts/{id}': {
      parameters: [conflictId],
      get: operation(
        'readConflict',
        'Reads one conflict with both values, and what reversing it would write',
        {
          scope: 'viewer',
          responses: { 200: answer('The conflict', ref('PreviewedConflict')) },
          problems: ofOneConflict,
        },
      ),
    },
    '/api/v1/conflicts/{id}/reverse': {
      parameters: [conflictId],
      post: write('reverseConflict', 'Gives the customer the value that was not kept', {
        scope: 'operator',
        requestBody: { ...body('Reason', ['application/json']), required: false },
        responses: { 200: answer('The conflict is reversed, by this or an earlier call', ref('Reversed')) },
        problems: [...ofOneConflict, ...ofBody, ...ofReverse, identityProblemOf(entity)],
      }),
    },
    ...pathsOfChoices(),
    ...pathsOfMappings(entity),
  };
}

function pathsOfChoices(): Json {
  return {
    '/api/v1/customers/{id}/link': {
      parameters: [customerId],
      post: write('chooseRecord', 'Chooses the record at the external system to link with the customer', {
        scope: 'operator',
        requestBody: body('Choice', ['application/json']),
        responses: { 200: answer('The record is linked, or will be after a worker read it', ref('Chosen')) },
        problems: [...ofOneCustomer, ...ofBody, 'cannot_link', 'request_open'],
      }),
    },
    '/api/v1/customers/{id}/accept-deletion': {
      parameters: [customerId],
      post: write(
        'acceptDeletion',
        'Deletes a customer whose record was deleted at the external system while an alias lives',
        {
          scope: 'operator',
          responses: { 200: answer('A worker deletes the customer; other records stay', ref('Accepted')) },
          problems: [...ofOneCustomer, 'cannot_link'],
        },
      ),
    },
  };
}

function pathsOfMappings(entity: Entity): Json {
  return {
    '/api/v1/mappings': {
      get: operation(
        'listMappings',
        'Lists pairs that wait, are parked, are an alias or were detached, in pages',
        {
          scope: 'viewer',
          parameters: queryParameters(mappingQuerySchema),
          responses: { 200: answer('A page', { type: 'array', items: ref('Mapping') }, ['Link']) },
          problems: ['invalid_request', 'malformed_request'],
        },
      ),
    },
    '/api/v1/mappings/{id}/link': {
      parameters: [mappingId],
      post: write(
        'linkMapping',
        'Consents to link a record with the customer that has its ' + identityName(entity),
        {
          scope: 'operator',
          responses: { 200: answer('A worker links the record with the customer', ref('Linked')) },
          problems: ['invalid_request', 'malformed_request', 'mapping_not_found', 'cannot_link'],
        },
      ),
    },
    '/api/v1/mappings/{id}/resolve': {
      parameters: [mappingId],
      post: write('resolveMapping', 'Decides about a pair that is parked or waits', {
        scope: 'operator',
        requestBody: body('Resolution', ['application/json']),
        responses: { 200: answer('The decision is stored, or carried out', ref('Resolved')) },
        problems: [
          ...(['invalid_request', 'malformed_request', 'malformed_json', 'body_too_large'] as const),
          ...(['unsupported_media_type', 'mapping_not_found', 'cannot_resolve'] as const),
        ],
      }),
    },
    ...keyPaths(),
    ...webhookPaths(),
  };
}

function keyPaths(): Json {
  return {
    '/api/v1/keys': {
      get: operation('listKeys', 'Lists the keys of the API, oldest first, without their texts', {
        scope: 'admin',
        responses: { 200: answer('All keys', { type: 'array', items: ref('Key') }) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/keys/{id}/revoke': {
      parameters: [parameter('id', 'path', keyPathSchema.properties.id)],
      post: write('revokeKey', 'Ends a key; it stops within 5 s', {
        scope: 'admin',
        responses: { 200: answer('The key is revoked, by this or an earlier call', ref('Revoked')) },
        problems: ['invalid_request', 'malformed_request', 'key_not_found'],
      }),
    },
  };
}

function webhookPaths(): Json {
  return Object.fromEntries(
    systems.all.flatMap((system) => {
      const { name, signatureHeaders: headers } = system;
      return headers === null ? [] : [[`/api/v1/webhooks/${name}`, { post: webhook(system, headers) }]];
    }),
  );
}

function webhook({ label }: SystemDefinition, headers: readonly string[]): Json {
  return {
    operationId: `take${label}Event`,
    summary: `Receives an event of ${label}, and stores it before the answer`,
    ...(headers.length > 0
      ? { description: 'The signature over the raw body is checked; no key is needed.', security: [] }
      : { description: 'An ingest key of this system is needed.', security: [{ key: ['ingest'] }, {}] }),
    parameters: headers.map((header) => ({
      ...parameter(header, 'header', { type: 'string', minLength: 1 }),
      required: true,
    })),
    requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
    responses: {
      200: answer('The event is stored, or is not for this database; outcome says which', ref('TakenIn')),
      ...problemAnswers([
        ...(headers.length > 0 ? (['invalid_signature', 'webhooks_not_configured'] as const) : ofKeys),
        ...(['malformed_json', 'invalid_event', 'body_too_large'] as const),
        ...ofEvery,
        'account_unbound',
      ]),
    },
  };
}

const takenOutcomes = [
  ...['stored', 'known', 'other_account', 'other_livemode', 'other_environment', 'too_old'],
  ...['unreadable', 'unstorable'],
];

export const takenInSchema = {
  type: 'object',
  required: ['received', 'outcome'],
  properties: {
    received: { const: true },
    outcome: {
      type: 'string',
      enum: [...takenOutcomes, 'several', 'none'],
      description:
        'stored; known: the event was stored before; several: the body has more than one event, see outcomes; none: it has none; any other outcome: the event was refused, and a row says why.',
    },
    outcomes: {
      type: 'array',
      items: { type: 'string', enum: takenOutcomes },
      description: 'Of a body with several events, the outcome of each, in their order.',
    },
  },
};
