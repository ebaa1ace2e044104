// The routes of customers in the OpenAPI document.
import type { Entity } from '../lib/catalogue/entity.ts';
import { byNeedQuerySchema } from './by-need-schemas.ts';
import { changesQuerySchema } from './change-schemas.ts';
import { filterParametersOf } from './customer-filters.ts';
import { customerIdSchema, customerQuerySchemaOf } from './customer-schemas.ts';
import { importPath } from './openapi-import.ts';
import { identityProblemOf } from './identity-taken.ts';
import {
  answer,
  body,
  operation,
  parameter,
  queryParameters,
  ref,
  write,
  type Json,
} from './openapi-parts.ts';
import { rowProblems } from './row-refusal.ts';

const waited = 'Preference-Applied';
const notYet =
  'With Prefer: wait. The change is made, and does not have its outcome at every system yet; sync says at which';

const ofOneCustomer = ['invalid_request', 'malformed_request', 'customer_not_found'] as const;
const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
const ofChange = ['version_mismatch', 'contended', ...rowProblems] as const;
const ofWrite = [ref('Twinbox-Bulk', 'parameters'), ref('Prefer', 'parameters')];

/** `entity`: what a customer is in this installation. */
export function customerPaths(entity: Entity): Record<string, Json> {
  const identityProblem = identityProblemOf(entity);
  return {
    '/api/v1/customers': {
      get: operation('listCustomers', 'Lists the customers in the order of their ids, in pages', {
        scope: 'viewer',
        parameters: [...queryParameters(customerQuerySchemaOf(entity)), ...filterParametersOf(entity)],
        responses: { 200: answer('A page', { type: 'array', items: ref('Customer') }, ['Link']) },
        problems: ['invalid_request', 'malformed_request'],
      }),
      post: write('createCustomer', 'Creates a customer', {
        scope: 'editor',
        parameters: ofWrite,
        requestBody: body('NewCustomer', ['application/json']),
        responses: {
          201: answer('The customer was created', ref('Customer'), ['ETag', 'Location', waited]),
          202: answer(notYet, ref('Customer'), ['ETag', 'Location', waited]),
        },
        problems: ['invalid_request', ...ofBody, 'contended', identityProblem, ...rowProblems],
      }),
    },
    '/api/v1/customers/changes': {
      get: operation('followCustomers', 'Lists every change in the order of the commits', {
        scope: 'viewer',
        parameters: queryParameters(changesQuerySchema),
        responses: { 200: answer('The changes, and the position for the next call', ref('Changes')) },
        problems: ['invalid_request', 'malformed_request', 'position_expired'],
      }),
    },
    '/api/v1/customers/by-need': {
      get: operation(
        'listCustomersByNeed',
        'Lists the customers that need a person first, then those that changed last, in pages',
        {
          scope: 'viewer',
          parameters: queryParameters(byNeedQuerySchema),
          responses: { 200: answer('A page', { type: 'array', items: ref('Customer') }, ['Link']) },
          problems: ['invalid_request', 'malformed_request'],
        },
      ),
    },
    '/api/v1/customers/import': importPath(entity),
    '/api/v1/customers/{id}': pathsOfOne(entity),
  };
}

function pathsOfOne(entity: Entity): Json {
  const identityProblem = identityProblemOf(entity);
  return {
    parameters: [parameter('id', 'path', customerIdSchema)],
    get: operation('readCustomer', 'Reads one customer', {
      scope: 'viewer',
      responses: { 200: answer('The customer', ref('Customer'), ['ETag']) },
      problems: ofOneCustomer,
    }),
    put: write('replaceCustomer', 'Replaces all fields', {
      scope: 'editor',
      parameters: [ref('If-Match', 'parameters'), ...ofWrite],
      requestBody: body('NewCustomer', ['application/json']),
      responses: {
        200: answer('The customer now; an unchanged version means no change', ref('Customer'), [
          'ETag',
          waited,
        ]),
        202: answer(notYet, ref('Customer'), ['ETag', waited]),
      },
      problems: [...ofOneCustomer, ...ofBody, ...ofChange, identityProblem],
    }),
    patch: write('changeCustomer', 'Changes some fields', {
      scope: 'editor',
      parameters: [ref('If-Match', 'parameters'), ...ofWrite],
      requestBody: body('CustomerChange', ['application/json', 'application/merge-patch+json']),
      responses: {
        200: answer('The customer now; an unchanged version means no change', ref('Customer'), [
          'ETag',
          waited,
        ]),
        202: answer(notYet, ref('Customer'), ['ETag', waited]),
      },
      problems: [...ofOneCustomer, ...ofBody, ...ofChange, identityProblem],
    }),
    delete: write(
      'deleteCustomer',
      'Deletes the customer in our table and, as the settings say, at the external systems',
      {
        scope: 'editor',
        parameters: [ref('If-Match', 'parameters'), ...ofWrite],
        responses: {
          204: { description: 'The customer is deleted', headers: { [waited]: ref(waited, 'headers') } },
          202: answer(notYet, ref('Customer'), ['ETag', waited]),
        },
        problems: [...ofOneCustomer, ...ofChange],
      },
    ),
  };
}
