// The form of the answer of /overview, for the API document.

import { standings } from '../db/health/overview.ts';
import { lanesSchema } from './lane-schemas.ts';

const text = { type: ['string', 'null'] } as const;
const when = { type: 'string', format: 'date-time' } as const;
const whenOrNull = { type: ['string', 'null'], format: 'date-time' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const countOrNull = { type: ['integer', 'null'], minimum: 0 } as const;
const numberOrNull = { type: ['number', 'null'] } as const;

export function closed<T extends object>(properties: T) {
  return { type: 'object', required: Object.keys(properties), properties } as const;
}

export const listOf = (items: object) => ({ type: 'array', items }) as const;

export const timesSchema = {
  ...closed({ count, p50: countOrNull, p99: countOrNull }),
  description: 'Milliseconds, true to 5 %; null if nothing was counted.',
} as const;

const comparison = {
  anyOf: [
    closed({
      began_at: when,
      ended_at: when,
      actor: { type: 'string' },
      agree: count,
      drift: count,
      findings: { type: 'object', additionalProperties: count, description: 'How many of each kind.' },
      unknown_there: { ...count, description: 'Records there without a customer of ours.' },
    }),
    { type: 'null' },
  ],
  description: 'What the last `twinbox verify` found; null if none has ended.',
} as const;

const system = closed({
  system: { type: 'string' },
  livemode: { type: ['boolean', 'null'], description: 'Null before the first contact.' },
  customers: {
    ...closed(Object.fromEntries(['in_agreement', ...standings].map((name) => [name, count]))),
    description:
      'Each living customer once. waiting: goes on by itself. closed: by a person. let_go: a person ended the pair. not_wanted: the condition of the mapping leaves it out.',
  },
  pairs: {
    ...closed({ on_their_way: count, need_person: count }),
    description: 'Pairs, those of records without a customer too.',
  },
  propagation_ms: {
    ...closed({ outbound: timesSchema, inbound: timesSchema }),
    description: 'From the writing of an event until it is applied, of the last hour as it was measured.',
  },
  comparison,
});

const stuck = closed({
  mapping: { type: 'integer' },
  system: { type: 'string' },
  customer: { type: ['integer', 'null'] },
  external_id: text,
  state: { type: 'string' },
  since: when,
  code: text,
  says: { ...text, description: 'Why, in a sentence.' },
  open_events: { ...count, description: 'Events of the pair that are not done.' },
});

const lastMinute = {
  type: ['object', 'null'],
  required: ['calls', 'failed', 'throttled', 'tokens', 'share', 'settled_outbound', 'settled_inbound'],
  properties: {
    ...{ calls: count, failed: count, throttled: count, tokens: numberOrNull, share: numberOrNull },
    ...{
      settled_outbound: count,
      settled_inbound: count,
      lag_outbound: countOrNull,
      lag_inbound: countOrNull,
    },
  },
  description: 'Of the minute that begins at measured_to; null if none was measured in the last hour.',
} as const;

export const overviewSchema = closed({
  at: when,
  customers: { ...count, description: 'Living customers.' },
  systems: listOf(system),
  oldest_unsent_s: {
    ...numberOrNull,
    description: 'The age of the oldest event that is not published, in seconds; null if none is.',
  },
  stuck: {
    ...closed({ count, oldest: listOf(stuck) }),
    description: 'Pairs that need a person, and the five that have needed one for longest.',
  },
  lanes: listOf({
    ...lanesSchema,
    required: [...lanesSchema.required, 'last_minute'],
    properties: { ...lanesSchema.properties, last_minute: lastMinute },
  }),
  measured_to: { ...whenOrNull, description: 'The newest minute that was measured.' },
});
