// What the path and the query of /mappings may contain, and the form of the answers: for the checks
// and for the API document.

import { customerIdSchema, PAGE_DEFAULT, PAGE_MAX } from './customer-schemas.ts';

export const mappingPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: customerIdSchema },
} as const;

export type MappingQuery = {
  limit?: number;
  after?: number;
  state?: 'waiting' | 'parked' | 'alias' | 'detached';
  reason?: string;
  customer?: number;
};

/** detached: the pair was ended by a person, and its row and record live on. */
const states = ['waiting', 'parked', 'alias', 'detached'] as const;

export const mappingQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_MAX,
      description: `Mappings on a page; ${PAGE_DEFAULT} without this parameter.`,
    },
    after: {
      ...customerIdSchema,
      description: 'Show mappings with a higher id. Follow the Link header instead of setting it.',
    },
    state: { type: 'string', enum: states, description: 'Only mappings in this state.' },
    reason: {
      type: 'string',
      pattern: '^[a-z0-9_]{1,100}$',
      description: 'Only mappings with this reason, such as ask_link.',
      'x-problem': 'must be a reason such as ask_link: lowercase letters, digits and underscores',
    },
    customer: { ...customerIdSchema, description: 'Only mappings of this customer.' },
  },
} as const;

const text = { type: ['string', 'null'] };
const object = { type: ['object', 'null'] };

export const mappingSchema = {
  type: 'object',
  required: [
    ...['id', 'system', 'external_id', 'customer', 'state', 'reason', 'decision', 'detail'],
    ...['attempts', 'open_events', 'error', 'created_at', 'updated_at'],
  ],
  properties: {
    id: { type: 'integer' },
    system: { type: 'string' },
    external_id: { ...text, description: 'The record at the external system.' },
    customer: {
      type: ['integer', 'null'],
      description: 'Our customer; null while it is not known which customer the record belongs to.',
    },
    state: { type: 'string', enum: states },
    reason: { ...text, description: 'Why the mapping has this state: a stable code.' },
    decision: { ...object, description: 'What a person has decided, and no worker has carried out yet.' },
    detail: {
      ...object,
      description:
        'With ask_link: customer is the one that has the same identity (the email, unless the configuration names another field).',
    },
    attempts: { type: 'integer', description: 'How often the open work of the pair was tried.' },
    open_events: { type: 'integer', minimum: 0, description: 'Events of the pair that are not done.' },
    error: { ...object, description: 'The error of the last attempt that failed.' },
    created_at: { type: 'string', format: 'date-time' },
    updated_at: { type: 'string', format: 'date-time' },
  },
} as const;

export const linkedSchema = {
  type: 'object',
  required: ['outcome', 'mapping', 'customer', 'external_id'],
  properties: {
    outcome: {
      type: 'string',
      enum: ['consented', 'consented_already'],
      description: 'A worker links the pair within moments; this answer does not wait for it.',
    },
    mapping: { type: 'integer' },
    customer: { type: ['integer', 'null'], description: 'The customer with the same identity.' },
    external_id: text,
  },
} as const;
