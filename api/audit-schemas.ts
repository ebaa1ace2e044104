// What the query of /audit may contain, and the form of the answers: for the checks and for the API
// document.

import { auditActions, auditPatterns, auditSays, type AuditWords } from '../lib/operations/audit-query.ts';
import { storableText } from '../lib/catalogue/check.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { cursorSchema, limitSchema, timeSchemas } from './event-schemas.ts';

export type AuditQuery = AuditWords & { limit?: number; after?: string };

export const auditQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Entries'),
    after: cursorSchema,
    actor: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      pattern: storableText,
      'x-text': 'storable',
      'x-problem': 'must not contain a NUL character or half a surrogate pair',
      description: 'Only what this actor did: a key as `key:<name>/<id>`, or `cli:<user> on <host>`.',
    },
    action: {
      type: 'string',
      enum: auditActions,
      description: 'Only this action, such as pause or revoke_key.',
      'x-problem': auditSays.action,
    },
    system: {
      type: 'string',
      pattern: auditPatterns.system,
      description: 'Only entries about this system.',
      'x-problem': auditSays.system,
    },
    customer: { ...customerIdSchema, description: 'Only entries about a pair of this customer.' },
    ...timeSchemas,
  },
} as const;

const text = { type: ['string', 'null'] };
const object = { type: ['object', 'null'] };
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' };

const properties = {
  id: { type: 'integer', description: 'Rises in the order of the commits.' },
  at: { type: 'string', format: 'date-time' },
  action: { type: 'string' },
  system: { ...text, description: 'Null if it concerns no system.' },
  actor: { type: 'string' },
  key: { ...text, description: 'The id of the API key that acted; null if none did.' },
  reason: text,
  before: { ...object, description: 'What stood before, as far as the operation changed it.' },
  after: { ...object, description: 'What stands after it.' },
  detail: { type: 'object' },
  pairs: { type: 'integer', minimum: 0, description: 'How many pairs it was about.' },
  previous: { ...sha256, description: 'The hash of the entry before it; 64 zeros in the first.' },
  hash: { ...sha256, description: 'SHA-256 of the canonical text of this entry.' },
} as const;

export const auditEntrySchema = { type: 'object', required: Object.keys(properties), properties } as const;
