// The routes of the comparison of one customer, for the API document.

import { systems } from '../lib/integrations/registry.ts';
import { comparisonBodySchemaOf, comparisonPathSchema, comparisonSchema } from './comparison-schemas.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { answer, body, operation, parameter, ref, write, type Json } from './openapi-parts.ts';

const ofLists = ['invalid_request', 'malformed_request'] as const;
const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;

export function comparisonPaths(): Json {
  return {
    '/api/v1/customers/{id}/compare': {
      parameters: [parameter('id', 'path', customerIdSchema)],
      post: write('compareCustomer', 'Compares one customer with its records at the systems, now', {
        scope: 'operator',
        requestBody: { ...body('ComparisonAsk', ['application/json']), required: false },
        responses: { 200: answer('What was found at each system; nothing was changed', ref('Comparison')) },
        problems: [...ofLists, ...ofBody, 'customer_not_found', 'comparison_not_found', 'system_silent'],
      }),
    },
    '/api/v1/comparisons/{id}': {
      parameters: [parameter('id', 'path', comparisonPathSchema.properties.id)],
      get: operation('readComparison', 'Reads what a comparison of one customer has found', {
        scope: 'viewer',
        responses: { 200: answer('The comparison; open while an answer may still come', ref('Comparison')) },
        problems: [...ofLists, 'comparison_not_found'],
      }),
    },
  };
}

export const comparisonSchemas = {
  ComparisonAsk: comparisonBodySchemaOf(systems.names),
  Comparison: comparisonSchema,
};
