// What the path and the bodies of /lanes may contain, and the form of the answers: for the checks and
// for the API document.

import { directions, type Direction } from '../db/limits/pauses.ts';
import { storableText } from '../lib/catalogue/check.ts';
import { laneStates } from '../lib/operations/lane-list.ts';
import { customerIdSchema } from './customer-schemas.ts';

export const lanePathSchema = {
  type: 'object',
  required: ['system'],
  additionalProperties: false,
  properties: { system: { type: 'string', maxLength: 100 } },
} as const;

export type PauseBody = { direction?: Direction; customer?: number; reason?: string };
export type ResumeBody = PauseBody & { deletes?: boolean };

const asked = {
  direction: {
    type: 'string',
    enum: directions,
    description: 'outbound: to the system. inbound: from the system into our table. Without it, both.',
  },
  customer: {
    ...customerIdSchema,
    description: 'Only the pairs of this customer; not together with direction.',
  },
  reason: {
    type: 'string',
    maxLength: 1000,
    pattern: storableText,
    'x-text': 'storable',
    description: 'Why, for people who read the record of operations later.',
    'x-problem': 'must not contain a NUL character or half a surrogate pair',
  },
} as const;

export const pauseSchema = {
  type: 'object',
  additionalProperties: false,
  properties: asked,
} as const;

export const resumeSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...asked,
    deletes: {
      type: 'boolean',
      description: 'Also releases the deletes that the fuse holds; only for a whole system.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const when = { type: ['string', 'null'], format: 'date-time' };
const count = { type: 'integer', minimum: 0 };
const direction = { type: ['string', 'null'], enum: [...directions, null] };
const about = {
  system: { type: 'string' },
  direction,
  customer: { type: ['integer', 'null'] },
};

export const pausedSchema = {
  type: 'object',
  required: ['outcome', ...Object.keys(about), 'since', 'why', 'by', 'in_progress'],
  properties: {
    outcome: {
      enum: ['paused', 'paused_already'],
      description: 'paused_already: an earlier pause holds and keeps its time and reason.',
    },
    ...about,
    since: { type: 'string', format: 'date-time' },
    why: text,
    by: text,
    in_progress: {
      type: ['integer', 'null'],
      description:
        'Steps of the customer that a worker has begun, and finishes; null for more than a customer.',
    },
  },
} as const;

const ofResumed = {
  was_resting: {
    type: 'boolean',
    description: 'The account rested, since its quota was used up, and is called again.',
  },
  released: { ...count, description: 'Pairs that had waited for the pause, and are worked on now.' },
  released_deletes: count,
  deletes_held: { type: 'boolean', description: 'The fuse still holds deletes.' },
  still_paused: { type: 'array', items: { enum: directions } },
};

export const resumedSchema = {
  type: 'object',
  required: ['outcome', ...Object.keys(about), ...Object.keys(ofResumed)],
  properties: { outcome: { enum: ['resumed', 'not_paused'] }, ...about, ...ofResumed },
} as const;

const laneSchema = {
  type: 'object',
  required: ['direction', 'state', 'since', 'why', 'by', 'until', 'pending', 'waiting'],
  properties: {
    direction: { enum: directions },
    state: {
      enum: laneStates,
      description:
        'paused: by a person. off: by a setting. resting: the quota of the account is used up. breaker_open: the system does not answer; half_open: one change at a time is tried. no_worker: no worker is running.',
    },
    since: when,
    why: text,
    by: { ...text, description: 'Who paused it.' },
    until: { ...when, description: 'When it is tried again by itself; null where a person has to act.' },
    pending: { ...count, description: 'Pairs that a worker is to look at; at most 10,000 are counted.' },
    waiting: { ...count, description: 'Pairs that wait since the direction is paused or off.' },
  },
};

const pausedCustomers = {
  type: 'object',
  required: ['count', 'customers'],
  properties: {
    count,
    customers: {
      type: 'array',
      description: 'The first hundred.',
      items: {
        type: 'object',
        required: ['entity', 'customer', 'since', 'why', 'by'],
        properties: {
          entity: { type: 'string', description: 'What the row is; customer unless you have other tables.' },
          customer: { type: 'integer' },
          since: { type: 'string', format: 'date-time' },
          why: text,
          by: { type: 'string' },
        },
      },
    },
  },
};

export const lanesSchema = {
  type: 'object',
  required: ['system', 'account', 'lanes', 'paused_customers', 'slowed', 'quotas'],
  properties: {
    system: { type: 'string' },
    account: text,
    lanes: { type: 'array', items: laneSchema },
    paused_customers: pausedCustomers,
    slowed: {
      type: 'array',
      description: 'Endpoints that are called at less than the full rate now; an empty name is the account.',
      items: {
        type: 'object',
        required: ['endpoint', 'share'],
        properties: { endpoint: { type: 'string' }, share: { type: 'number' } },
      },
    },
    quotas: {
      type: 'array',
      description: 'What the system says of the quotas of the account.',
      items: {
        type: 'object',
        required: ['name', 'limit', 'used', 'resets_at'],
        properties: {
          name: { type: 'string' },
          limit: { type: 'number' },
          used: { type: 'number' },
          resets_at: when,
        },
      },
    },
  },
} as const;
