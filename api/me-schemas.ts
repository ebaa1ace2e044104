import { keyScopes } from '../lib/keys/scopes.ts';

const text = { type: ['string', 'null'] } as const;

export const meSchema = {
  type: 'object',
  description: 'The caller. Without any key the API is open, and every caller may do everything.',
  required: ['kind', 'id', 'name', 'actor', 'scope', 'may', 'system', 'expires_at'],
  additionalProperties: false,
  properties: {
    kind: {
      type: 'string',
      enum: ['none', 'static', 'stored'],
      description: 'stored: a key of `twinbox keys`; static: one of API_KEYS; none: the API is open.',
    },
    id: { ...text, description: 'The public id of a stored key; of a static one, digits of its hash.' },
    name: { ...text, description: 'Of a stored key.' },
    actor: { ...text, description: 'How the record of operations names the caller.' },
    scope: { type: 'string', enum: [...keyScopes] },
    may: {
      type: 'array',
      items: { type: 'string', enum: [...keyScopes] },
      description: 'The scopes of routes that the caller may use.',
    },
    system: { ...text, description: 'Of an ingest key.' },
    expires_at: { ...text, format: 'date-time' },
  },
} as const;
