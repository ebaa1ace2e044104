// What the path and the query of /groups may contain, and the form of the answers: for the checks and
// for the API document.

export const groupPathSchema = {
  type: 'object',
  required: ['fingerprint'],
  additionalProperties: false,
  properties: {
    fingerprint: {
      type: 'string',
      pattern: '^[0-9a-f]{12}$',
      'x-problem': 'must be the fingerprint of a group: twelve hexadecimal digits',
    },
  },
} as const;

export type GroupQuery = { system?: string; closed?: 'true' | 'false' };

export const groupQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    system: { type: 'string', maxLength: 100, description: 'Only groups of this system.' },
    closed: {
      type: 'string',
      enum: ['true', 'false'],
      description: 'true: only groups all of whose pairs a person has closed, which are not listed else.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const when = { type: 'string', format: 'date-time' };
const count = { type: 'integer', minimum: 0 };

const memberSchema = {
  type: ['object', 'null'],
  required: ['mapping', 'customer', 'external_id', 'state', 'since', 'event_id', 'closed', 'says'],
  properties: {
    mapping: { type: 'integer' },
    customer: { type: ['integer', 'null'] },
    external_id: text,
    state: { type: 'string' },
    since: { ...when, description: 'When the pair last changed.' },
    event_id: { ...text, description: 'Its newest event that is not done.' },
    closed: { type: 'boolean', description: 'A person has closed it, and nothing has happened since.' },
    says: { ...text, description: 'The reason of this pair in a sentence.' },
  },
} as const;

const GROUP = {
  fingerprint: { type: 'string', description: 'Of system, class, code and field; the same everywhere.' },
  system: { type: 'string' },
  class: { type: 'string', description: 'The kind of the failure; else parked or waiting.' },
  code: { type: 'string' },
  field: text,
  count: { ...count, description: 'Pairs in the group that no person has closed; so are the next figures.' },
  closed: { ...count, description: 'Pairs of this cause that a person has closed.' },
  parked: count,
  waiting: count,
  retrying: { ...count, description: 'Pairs that fail, and are tried again.' },
  customers: { ...count, description: 'Customers that are touched.' },
  first_seen: { ...when, description: 'The first delivery that is kept and failed so.' },
  last_seen: when,
  means: { type: 'string' },
  cure: { type: 'string' },
  example: memberSchema,
} as const;

export const groupSchema = { type: 'object', required: Object.keys(GROUP), properties: GROUP } as const;

export const wholeGroupSchema = {
  type: 'object',
  required: [...Object.keys(GROUP), 'pairs'],
  properties: {
    ...GROUP,
    pairs: { type: 'array', items: memberSchema, description: 'Up to 100 pairs, the newest first.' },
  },
} as const;
