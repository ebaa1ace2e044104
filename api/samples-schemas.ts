// What the query of /samples may contain, and the form of its answer.

import { stages } from '../db/health/samples.ts';
import { says } from '../lib/operations/selection-words.ts';
import { closed, listOf, timesSchema } from './overview-schemas.ts';

const text = { type: ['string', 'null'] } as const;
const when = { type: 'string', format: 'date-time' } as const;
const whenOrNull = { type: ['string', 'null'], format: 'date-time' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const numberOrNull = { type: ['number', 'null'] } as const;

export const SINCE = {
  type: 'string',
  maxLength: 64,
  'x-problem': says.time,
  description:
    'Only minutes that began then or later: 30m, 2h (ago), or a time with its zone; 60m without it. About 70 are kept.',
} as const;

export const samplesQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { since: SINCE },
} as const;

const lane = closed({
  system: { type: 'string' },
  direction: { type: 'string', enum: ['outbound', 'inbound'] },
  settled: { ...count, description: 'Events that got their outcome in the minute.' },
  applied: { ...count, description: 'Those of them that changed something.' },
  lag: {
    type: ['integer', 'null'],
    minimum: 0,
    description:
      'Messages that the bus has and the workers have not handled; null if it is not known. Inbound messages of all systems share a topic.',
  },
  times_ms: {
    ...closed(Object.fromEntries(stages.map((stage) => [stage, timesSchema]))),
    description:
      'Of what was applied. sent: from the writing of the event until a worker has it; done: from then on; whole: both.',
  },
});

const call = closed({
  system: { type: 'string' },
  calls: count,
  failed: count,
  throttled: { ...count, description: 'Calls that were answered 429.' },
  tokens: { ...numberOrNull, description: 'Requests that the rate of the account had left at the end.' },
  share: { ...numberOrNull, description: 'The part of the full rate that is used at present.' },
});

const process = closed({
  role: { type: 'string' },
  process: { type: 'string', description: 'Its host and its process id.' },
  version: { ...text, description: 'Of the program; null of an older one.' },
  living: { type: 'boolean', description: 'It has shown a sign of life in the last 15 seconds.' },
  since: when,
  seen_at: when,
  stopped_at: whenOrNull,
  state: text,
  problem: text,
});

export const samplesSchema = closed({
  since: when,
  at: when,
  samples: {
    ...listOf(
      closed({
        minute: { ...when, description: 'Its beginning.' },
        lanes: listOf(lane),
        calls: listOf(call),
        oldest_unsent_s: { type: 'number', minimum: 0 },
        clock_skew_ms: {
          type: 'integer',
          description: 'The clock of the process that measured, less that of the database.',
        },
      }),
    ),
    description: 'The oldest first. A minute that was not measured is missing.',
  },
  processes: { ...listOf(process), description: 'Of the last hour, and the last of each role.' },
});
