// The operators' routes and the way in for webhooks, for the API document.

import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { systems } from '../lib/integrations/registry.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { conflictPathSchema, conflictQuerySchema } from './conflict-schemas.ts';
import { mappingPathSchema, mappingQuerySchema } from './mapping-schemas.ts';
import {
  answer,
  body,
  operation,
  parameter,
  problemAnswers,
  queryParameters,
  ref,
  type Json,
} from './openapi-parts.ts';
import { rowProblems } from './row-refusal.ts';

export function operatorPaths(): Json {
  const conflictId = parameter('id', 'path', conflictPathSchema.properties.id);
  const mappingId = parameter('id', 'path', mappingPathSchema.properties.id);
  const customerId = parameter('id', 'path', customerIdSchema);
  const ofOneCustomer = ['invalid_request', 'malformed_request', 'customer_not_found'] as const;
  const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
  const ofOneConflict = ['invalid_request', 'malformed_request', 'conflict_not_found'] as const;
  return {
    '/api/v1/conflicts': {
      get: operation('listConflicts', 'Values that did not survive, newest first, a page at a time', {
        parameters: queryParameters(conflictQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('Conflict') }, ['Link']) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/conflicts/{id}': {
      parameters: [conflictId],
      get: operation('readConflict', 'One conflict with both values', {
        responses: { 200: answer('The conflict', ref('Conflict')) },
        problems: ofOneConflict,
      }),
    },
    '/api/v1/conflicts/{id}/reverse': {
      parameters: [conflictId],
      post: operation('reverseConflict', 'Gives the customer the value that did not survive', {
        responses: { 200: answer('It is reversed, by this call or an earlier one', ref('Reversed')) },
        problems: [
          ...ofOneConflict,
          'overtaken',
          'cannot_reverse',
          'duplicate_email',
          'contended',
          ...rowProblems,
        ],
      }),
    },
    '/api/v1/customers/{id}/link': {
      parameters: [customerId],
      post: operation('chooseRecord', 'Chooses which record there the customer is linked with', {
        requestBody: body('Choice', ['application/json']),
        responses: { 200: answer('It is linked, or will be once a worker has read it', ref('Chosen')) },
        problems: [...ofOneCustomer, ...ofBody, 'cannot_link', 'request_open'],
      }),
    },
    '/api/v1/customers/{id}/accept-deletion': {
      parameters: [customerId],
      post: operation(
        'acceptDeletion',
        'Deletes a customer whose record was deleted there while another record of it lives',
        {
          responses: { 200: answer('A worker deletes it; its other records stay', ref('Accepted')) },
          problems: [...ofOneCustomer, 'cannot_link'],
        },
      ),
    },
    '/api/v1/mappings': {
      get: operation(
        'listMappings',
        'Pairs that wait, are parked, are an alias or were let go, a page at a time',
        {
          parameters: queryParameters(mappingQuerySchema),
          responses: { 200: answer('A page', { type: 'array', items: ref('Mapping') }, ['Link']) },
          problems: ['invalid_request', 'malformed_request'],
        },
      ),
    },
    '/api/v1/mappings/{id}/link': {
      parameters: [mappingId],
      post: operation('linkMapping', 'Says that a record and the customer with its email are one', {
        responses: { 200: answer('A worker links them', ref('Linked')) },
        problems: ['invalid_request', 'malformed_request', 'mapping_not_found', 'cannot_link'],
      }),
    },
    '/api/v1/mappings/{id}/resolve': {
      parameters: [mappingId],
      post: operation('resolveMapping', 'Decides about a pair that is parked or waits', {
        requestBody: body('Resolution', ['application/json']),
        responses: { 200: answer('It is decided, or done', ref('Resolved')) },
        problems: [
          ...(['invalid_request', 'malformed_request', 'malformed_json', 'body_too_large'] as const),
          ...(['unsupported_media_type', 'mapping_not_found', 'cannot_resolve'] as const),
        ],
      }),
    },
    ...webhookPaths(),
  };
}

function webhookPaths(): Json {
  return Object.fromEntries(
    systems.all.flatMap((system) => {
      const { name, signatureHeader: header } = system;
      return header === null ? [] : [[`/api/v1/webhooks/${name}`, { post: webhook(system, header) }]];
    }),
  );
}

function webhook({ label }: SystemDefinition, header: string): Json {
  return {
    operationId: `take${label}Event`,
    summary: `An event of ${label}, stored before it is answered`,
    description: 'Proves itself by its signature over the raw body, and needs no key.',
    security: [],
    parameters: [{ ...parameter(header, 'header', { type: 'string', minLength: 1 }), required: true }],
    requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
    responses: {
      200: answer('It is durable, or not for this database; outcome says which', ref('TakenIn')),
      ...problemAnswers([
        ...(['invalid_signature', 'malformed_json', 'invalid_event', 'body_too_large'] as const),
        ...(['database_unavailable', 'account_unbound', 'webhooks_not_configured'] as const),
      ]),
    },
  };
}

export const takenInSchema = {
  type: 'object',
  required: ['received', 'outcome'],
  properties: {
    received: { const: true },
    outcome: {
      type: 'string',
      enum: [
        ...[
          'stored',
          'known',
          'other_account',
          'other_livemode',
          'other_environment',
          'too_old',
          'unreadable',
          'unstorable',
        ],
      ],
      description: 'stored; known: it had come before; the others were refused, and a row says why.',
    },
  },
};
