// The routes by which an operator sees and steers the work, for the API document.

import { auditEntrySchema, auditQuerySchema } from './audit-schemas.ts';
import { answer, operation, queryParameters, ref, type Json } from './openapi-parts.ts';

export function controlPaths(): Json {
  return {
    '/api/v1/audit': {
      get: operation('listAudit', 'Lists who did what, when and why, newest first, in pages', {
        scope: 'operator',
        parameters: queryParameters(auditQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('AuditEntry') }, ['Link']) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
  };
}

export const controlSchemas = { AuditEntry: auditEntrySchema };
