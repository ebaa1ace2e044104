// What the query of a timeline may contain, and the form of its answer: for the checks and for the API
// document.

import { factKinds } from '../db/stories/facts.ts';
import { cursorSchema, limitSchema } from './event-schemas.ts';

export type TimelineQuery = {
  limit?: number;
  after?: string;
  order?: 'newest' | 'oldest';
  values?: 'true' | 'false';
};

export const timelineQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Items'),
    after: cursorSchema,
    order: {
      type: 'string',
      enum: ['newest', 'oldest'],
      description: 'Which items come first; the newest without this parameter.',
    },
    values: {
      type: 'string',
      enum: ['true', 'false'],
      description: 'With true each change of the row has `values`: its fields as the event has them.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const when = { type: 'string', format: 'date-time' };

export const timelineSchema = {
  type: 'object',
  required: ['entity', 'id', 'order', 'items', 'missing', 'beyond_retention'],
  properties: {
    entity: { type: 'string' },
    id: { type: 'integer' },
    order: { type: 'string', enum: ['newest', 'oldest'] },
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['at', 'what', 'system', 'event_id', 'detail'],
        properties: {
          at: when,
          what: {
            type: 'string',
            enum: factKinds,
            description:
              'change: the row changed, or its pair; received: a worker has the event for the system; write, call: what was sent, and each request; settled: the outcome; inbound: an event of the system; conflict: a value that was not kept; operator: what a person asked for; dropped: an open delivery that retention has closed.',
          },
          system: text,
          event_id: text,
          detail: {
            type: 'object',
            description:
              'The stored facts. Members that end in _ms are durations in milliseconds. Values of fields are in it only where `values=true` asks for them.',
          },
        },
      },
    },
    missing: {
      type: 'array',
      description: 'Steps that are awaited for longer than what is promised, the oldest first.',
      items: {
        type: 'object',
        required: ['step', 'system', 'event_id', 'since', 'promised_within', 'status', 'error', 'reason'],
        properties: {
          step: { type: 'string', enum: ['publication', 'receipt', 'outcome', 'echo'] },
          system: text,
          event_id: { type: 'string' },
          since: when,
          promised_within: { type: 'string' },
          status: text,
          error: text,
          reason: { ...text, description: 'Why the pair is parked or waits.' },
        },
      },
    },
    beyond_retention: {
      type: ['object', 'null'],
      required: ['before'],
      properties: { before: when },
      description: 'Not everything is kept of what happened before this time; null if everything is.',
    },
  },
} as const;
