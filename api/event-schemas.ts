// What the path and the query of /events may contain, and the form of the answers: for the checks and
// for the API document.

import { eventStatuses, patterns, says, type EventWords } from '../lib/operations/event-query.ts';
import { uuidSchema } from './conflict-schemas.ts';
import { customerIdSchema, PAGE_DEFAULT, PAGE_MAX } from './customer-schemas.ts';

export const eventPathSchema = {
  type: 'object',
  required: ['event_id'],
  additionalProperties: false,
  properties: { event_id: uuidSchema },
} as const;

export type EventQuery = EventWords & { limit?: number; after?: string };

export const cursorSchema = {
  type: 'string',
  minLength: 3,
  maxLength: 300,
  pattern: '^[0-9a-z._\\-]+$',
  description: 'The cursor of the next page. Follow the Link header instead of setting it.',
  'x-problem': 'must be a whole cursor as a Link header gave it, with the same filter',
} as const;

/** How many rows a page of a list has. */
export const limitSchema = (what: string) => ({
  type: 'integer',
  minimum: 1,
  maximum: PAGE_MAX,
  description: `${what} on a page; ${PAGE_DEFAULT} without this parameter.`,
});

const time = { type: 'string', maxLength: 64, 'x-problem': says.time } as const;

/** The times of a list's filter. */
export const timeSchemas = {
  since: { ...time, description: 'Only those since then: 30m, 2h, 7d (ago), or a time with its zone.' },
  until: { ...time, description: 'Only those before then, in the same forms.' },
} as const;

export const eventQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Events'),
    after: cursorSchema,
    status: {
      type: 'string',
      maxLength: 200,
      description: `Only events with a delivery in one of these states, with commas between them: ${eventStatuses.join(', ')}.`,
    },
    type: {
      type: 'string',
      maxLength: 200,
      pattern: patterns.type,
      description: 'Only events of this type, such as customer.updated, or customer.* for all that begin so.',
      'x-problem': says.type,
    },
    system: {
      type: 'string',
      maxLength: 100,
      description: 'Only events with a delivery to this system, or to our table: internal.',
    },
    customer: { ...customerIdSchema, description: 'Only events of this customer.' },
    error: {
      type: 'string',
      pattern: patterns.error,
      description: 'Only events whose delivery failed with this code the last time that it failed.',
      'x-problem': says.error,
    },
    ...timeSchemas,
    needs_attention: {
      type: 'string',
      enum: ['true', 'false'],
      description: 'true: only events with a delivery that is parked or waits for a person.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const when = { type: 'string', format: 'date-time' };
const whenOrNull = { type: ['string', 'null'], format: 'date-time' };
const object = { type: 'object' };

const SHARED = {
  event_id: { type: 'string' },
  event_type: { type: 'string' },
  entity_key: {
    type: 'string',
    description: 'What the event is about: customer:42, or a record of a system.',
  },
  customer: { type: ['integer', 'null'], description: 'Our customer; null if it is not known.' },
  version: { type: ['integer', 'null'], description: 'The version of our row; null for an inbound event.' },
  source: { type: 'string', description: 'Who made the change: internal, sql, or the name of a system.' },
  created_at: when,
};

export const eventSchema = {
  type: 'object',
  required: ['id', ...Object.keys(SHARED), 'published', 'routed', 'deliveries'],
  properties: {
    id: { type: 'integer', description: 'The place in the outbox: sync_events.id.' },
    ...SHARED,
    published: { type: 'boolean', description: 'The relay has passed it.' },
    routed: { type: 'boolean', description: 'Workers receive events of this type.' },
    deliveries: {
      type: 'array',
      items: {
        type: 'object',
        required: ['target', 'status', 'error'],
        properties: {
          target: { type: 'string', description: 'A system, or internal.' },
          status: { type: 'string', enum: eventStatuses },
          error: { ...text, description: 'The code of its last failure.' },
        },
      },
    },
  },
} as const;

/** One event with all that is stored about it. */
export const wholeEventSchema = {
  type: 'object',
  required: [
    ...['sync_events_id', ...Object.keys(SHARED), 'context', 'payload', 'published', 'deliveries'],
    ...['operator_actions', 'led_to', 'confirmed'],
  ],
  properties: {
    sync_events_id: { type: 'integer' },
    ...SHARED,
    context: { ...object, description: 'What caused it: the request, the caller, an inbound event.' },
    payload: object,
    published: {
      type: 'array',
      items: {
        type: 'object',
        required: ['topic', 'partition', 'offset', 'saved_at'],
        properties: {
          topic: { type: 'string' },
          partition: { type: 'integer' },
          offset: { type: 'integer' },
          saved_at: when,
        },
      },
    },
    deliveries: {
      type: 'array',
      items: {
        type: 'object',
        required: [
          ...['target', 'status', 'attempts', 'error', 'superseded_by', 'received_at', 'settled_at'],
          ...['mapping', 'intent', 'intents_before', 'calls', 'confirmed_by', 'confirmed_at'],
        ],
        properties: {
          target: { type: 'string' },
          status: { type: 'string', enum: eventStatuses },
          attempts: { type: 'integer' },
          error: { type: ['object', 'null'] },
          superseded_by: { ...text, description: 'The event that was sent in place of this one.' },
          received_at: when,
          settled_at: whenOrNull,
          mapping: { type: ['object', 'null'] },
          intent: { type: ['object', 'null'], description: 'The write that carried the event.' },
          intents_before: {
            type: 'array',
            items: object,
            description: 'Writes that were refused or given up.',
          },
          calls: { type: 'array', items: object },
          confirmed_by: { ...text, description: 'The echo that confirmed the write.' },
          confirmed_at: whenOrNull,
        },
      },
    },
    operator_actions: { type: 'array', items: object },
    led_to: { type: 'array', items: object, description: 'Changes of ours that this inbound event led to.' },
    confirmed: { type: 'array', items: object, description: 'Events of ours that this echo confirmed.' },
  },
} as const;
