// What the query of /customers/by-need may contain: for the checks and for the API document.

import { cursorSchema, limitSchema } from './event-schemas.ts';

export type ByNeedQuery = { limit?: number; after?: string };

export const byNeedQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { limit: limitSchema('Customers'), after: cursorSchema },
} as const;
