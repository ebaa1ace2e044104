// The routes that say how everything stands, for the API document.

import { meSchema } from './me-schemas.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { explanationSchema } from './explain-schemas.ts';
import { findQuerySchema, findSchema } from './find-schemas.ts';
import { overviewSchema } from './overview-schemas.ts';
import { samplesQuerySchema, samplesSchema } from './samples-schemas.ts';
import { answer, operation, parameter, queryParameters, ref, type Json } from './openapi-parts.ts';

const findParameters = [
  { ...parameter('q', 'query', findQuerySchema.properties.q), required: true, example: '42' },
];

export function overviewPaths(): Json {
  return {
    ...explainPaths(),
    '/api/v1/overview': {
      get: operation('readOverview', 'Says how everything stands: customers, troubles, lanes, times', {
        scope: 'viewer',
        responses: { 200: answer('As of at most a second ago', ref('Overview')) },
        problems: [],
      }),
    },
    '/api/v1/find': {
      get: operation('find', 'Says what an id is of, and where it is shown', {
        scope: 'viewer',
        parameters: findParameters,
        responses: { 200: answer('What has the id', ref('Found')) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/samples': {
      get: operation('listSamples', 'Lists the figures of each minute of the last hour, and the processes', {
        scope: 'viewer',
        parameters: queryParameters(samplesQuerySchema),
        responses: { 200: answer('The minutes that were measured', ref('Samples')) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/me': {
      get: operation('readMe', 'Says who sends the request, and what its key may do', {
        scope: 'viewer',
        responses: { 200: answer('The caller', ref('Me')) },
        problems: [],
      }),
    },
  };
}

function explainPaths(): Json {
  const id = parameter('id', 'path', customerIdSchema);
  const responses = { 200: answer('By what is stored: no system is called', ref('Explanation')) };
  const ofOne = { scope: 'viewer', responses } as const;
  return {
    '/api/v1/customers/{id}/explain': {
      parameters: [id],
      get: operation(
        'explainCustomer',
        'Says how each pair of a customer stands, and what would be done now',
        {
          ...ofOne,
          problems: ['invalid_request', 'malformed_request', 'customer_not_found'],
        },
      ),
    },
    '/api/v1/mappings/{id}/explain': {
      parameters: [id],
      get: operation('explainMapping', 'Says how one pair stands, and what would be done now', {
        ...ofOne,
        problems: ['invalid_request', 'malformed_request', 'mapping_not_found'],
      }),
    },
  };
}

export const overviewSchemas = {
  Overview: overviewSchema,
  Samples: samplesSchema,
  Found: findSchema,
  Explanation: explanationSchema,
  Me: meSchema,
};
