// What the query of /customers/changes may say, and the shape of its answer: for the checks and for
// the API document.

import { customerIdSchema } from './customer-schemas.ts';

export const CHANGES_DEFAULT = 100;
export const CHANGES_MAX = 1_000;

export type ChangesQuery = { after?: string; limit?: number };

export const changesQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: {
      type: 'string',
      minLength: 3,
      maxLength: 15_000,
      pattern: '^[0-9a-z.\\-]+$',
      description:
        'The position of the last answer, as it was; or now: no changes, only the position of this moment. Without it the oldest change that is kept comes first.',
      'x-problem': 'must be a position as an answer gave it, whole; or now',
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: CHANGES_MAX,
      description: `Changes in an answer, at most; ${CHANGES_DEFAULT} unless set.`,
    },
  },
} as const;

const position = {
  type: 'string',
  description: 'Send it as after to go on behind this. Keep it as it is: its form may change.',
};

const value = {
  type: ['string', 'null'],
  description: 'As of this version; null with deleted.',
};

const changeSchema = {
  type: 'object',
  required: ['position', 'event_id', 'type', 'id', 'version', 'name', 'email', 'source', 'changed_at'],
  properties: {
    position,
    event_id: { type: 'string', description: 'The event of this change, the same as in Kafka.' },
    type: { type: 'string', enum: ['created', 'updated', 'deleted'] },
    id: { ...customerIdSchema, description: 'The customer.' },
    version: { type: 'integer', minimum: 1, description: 'Of the customer; rises by one with every change.' },
    name: value,
    email: value,
    source: { type: 'string', description: 'Who changed it: internal, sql, or the system it came from.' },
    changed_at: { type: 'string', format: 'date-time' },
  },
};

export const changesSchema = {
  type: 'object',
  required: ['changes', 'position', 'more'],
  properties: {
    changes: { type: 'array', items: changeSchema },
    position,
    more: {
      type: 'boolean',
      description: 'Whether to ask again at once. An answer without changes can have more behind it.',
    },
  },
} as const;
