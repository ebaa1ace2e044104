// What the queries of /deliveries, /attempts and /refusals may contain, and the form of the answers: for
// the checks and for the API document.

import { deliveryStatuses } from '../db/deliveries.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { cursorSchema, limitSchema } from './event-schemas.ts';

const customer = { ...customerIdSchema, description: 'Only those of this customer.' };
const system = { type: 'string', maxLength: 100, description: 'Only those of this system.' } as const;

export type DeliveryQuery = {
  limit?: number;
  after?: string;
  status?: string;
  system?: string;
  customer?: number;
};

export const deliveryQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Deliveries'),
    after: cursorSchema,
    status: {
      type: 'string',
      maxLength: 200,
      description: `Only those in one of these states, with commas between them: ${deliveryStatuses.join(', ')}.`,
    },
    system: { ...system, description: 'Only those to this system, or to our table: internal.' },
    customer,
  },
} as const;

export type AttemptQuery = { limit?: number; after?: string; customer?: number; request_id?: string };

export const attemptQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Calls'),
    after: cursorSchema,
    customer,
    request_id: {
      type: 'string',
      pattern: '^[A-Za-z0-9_.:\\-]{1,200}$',
      description: 'Only the call with this id, as the system gave it.',
      'x-problem': 'must be an id of a request: letters, digits, underscores, dots, colons and dashes',
    },
  },
} as const;

export type RefusalQuery = { limit?: number; after?: string; system?: string; reason?: string };

export const refusalQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: limitSchema('Refusals'),
    after: cursorSchema,
    system,
    reason: {
      type: 'string',
      pattern: '^[a-z0-9_]{1,100}$',
      description: 'Only those with this reason, such as too_old.',
      'x-problem': 'must be a reason such as too_old: lowercase letters, digits and underscores',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const number = { type: ['integer', 'null'] };
const when = { type: 'string', format: 'date-time' };

const described = <T extends Record<string, object>>(properties: T) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

export const deliverySchema = described({
  event_id: { type: 'string' },
  target: { type: 'string', description: 'A system, or internal.' },
  mapping: { type: 'integer' },
  customer: number,
  event_type: { type: 'string' },
  version: number,
  status: { type: 'string', enum: deliveryStatuses },
  attempts: { type: 'integer' },
  error: { type: ['object', 'null'], description: 'Its last failure.' },
  superseded_by: text,
  intent_id: { ...text, description: 'The write that carried it.' },
  confirmed_by: { ...text, description: 'The echo that confirmed the write.' },
  received_at: when,
  settled_at: { type: ['string', 'null'], format: 'date-time' },
});

export const attemptSchema = described({
  id: { type: 'string' },
  mapping: { type: 'integer' },
  system: text,
  customer: number,
  intent_id: text,
  operation: { type: 'string' },
  request_id: text,
  status: { ...number, description: 'The HTTP status; null if no answer came.' },
  replayed: { type: 'boolean' },
  error: text,
  latency_ms: { type: 'integer' },
  answered_at: when,
});

export const refusalSchema = described({
  id: { type: 'integer' },
  system: { type: 'string' },
  external_event_id: text,
  reason: { type: 'string' },
  detail: text,
  refused_at: when,
});
