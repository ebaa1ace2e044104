// The routes that say how everything stands, for the API document.

import { meSchema } from './me-schemas.ts';
import { answer, operation, ref, type Json } from './openapi-parts.ts';

export function overviewPaths(): Json {
  return {
    '/api/v1/me': {
      get: operation('readMe', 'Says who sends the request, and what its key may do', {
        scope: 'viewer',
        responses: { 200: answer('The caller', ref('Me')) },
        problems: [],
      }),
    },
  };
}

export const overviewSchemas = {
  Me: meSchema,
};
