// The form of /traffic, for the API document.
import { directions } from '../db/limits/pauses.ts';
import { lanesSchema } from './lane-schemas.ts';

const count = { type: 'integer', minimum: 0 };
const text = { type: ['string', 'null'] };
const when = { type: ['string', 'null'], format: 'date-time' };

const events = {
  type: 'object',
  required: ['received', 'settled'],
  properties: { received: count, settled: count },
};

const LANE = {
  system: { type: 'string' },
  state: {
    enum: ['sending', 'unbound', 'no_worker', 'paused', 'breaker_open', 'resting'],
    description: `paused: the system, or one of its directions (${directions.join(', ')}), which detail then names.`,
  },
  detail: text,
  since: when,
  until: when,
  linked: count,
  on_their_way: { ...count, description: 'Pairs that a worker is to look at.' },
  calls_last_minute: {
    type: 'object',
    required: ['calls', 'failed', 'p95_ms'],
    properties: { calls: count, failed: count, p95_ms: count },
  },
  events_last_minute: events,
  rate_share: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'The part of the full rate that is used; lower after the system has refused calls.',
  },
  quotas: lanesSchema.properties.quotas,
};

const TRAFFIC = {
  at: { type: 'string', format: 'date-time' },
  relay_seconds_behind: { type: 'number', minimum: 0 },
  published_not_received: {
    type: 'object',
    required: ['events', 'more', 'oldest'],
    properties: { events: count, more: { type: 'boolean' }, oldest: when },
  },
  inbound_last_minute: { ...events, description: 'Changes that came into our table.' },
  lanes: {
    type: 'array',
    items: { type: 'object', required: Object.keys(LANE), properties: LANE },
  },
};

export const trafficSchema = {
  type: 'object',
  required: Object.keys(TRAFFIC),
  properties: TRAFFIC,
} as const;
