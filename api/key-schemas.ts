import { keyScopes } from '../lib/keys/scopes.ts';

export const keyPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: {
    id: {
      type: 'string',
      pattern: '^[0-9a-f]{12}$',
      'x-problem': 'must be the id of a key, 12 hexadecimal digits',
      description: 'The public id of a key.',
    },
  },
} as const;

const time = { type: ['string', 'null'], format: 'date-time' } as const;

export const keySchema = {
  type: 'object',
  description: 'A key of the API, without its text, which is stored nowhere.',
  required: [
    'id',
    'name',
    'scope',
    'system',
    'state',
    'created_at',
    'created_by',
    'expires_at',
    'last_used_at',
    'revoked_at',
    'replaced_by',
  ],
  properties: {
    id: keyPathSchema.properties.id,
    name: { type: 'string' },
    scope: { type: 'string', enum: [...keyScopes] },
    system: { type: ['string', 'null'], description: 'Of an ingest key.' },
    state: {
      type: 'string',
      enum: ['live', 'expired', 'revoked', 'foreign'],
      description: 'foreign: it was made with another API_KEY_SECRET, and is not accepted.',
    },
    created_at: { type: 'string', format: 'date-time' },
    created_by: { type: 'string' },
    expires_at: time,
    last_used_at: { ...time, description: 'Up to a minute late.' },
    revoked_at: time,
    replaced_by: { type: ['string', 'null'], description: 'The id of the key that rotate made.' },
  },
} as const;

export const revokedSchema = {
  type: 'object',
  required: ['outcome', 'key'],
  properties: {
    outcome: { type: 'string', enum: ['revoked', 'revoked_already'] },
    key: { $ref: '#/components/schemas/Key' },
  },
} as const;
