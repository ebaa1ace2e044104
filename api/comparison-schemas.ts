// What a request to compare one customer may contain, and the form of the answer: for the checks and for the
// API document.

import { comparedKinds, verdicts } from '../lib/operations/compare-one.ts';

/** `systems`: those that are kept in step. */
export const comparisonBodySchemaOf = (systems: readonly string[]) => ({
  type: 'object',
  additionalProperties: false,
  properties: {
    system: {
      type: 'string',
      enum: [...systems],
      description: 'Only with this system; with every one without it.',
    },
  },
});

export type ComparisonBody = { system?: string };

export const comparisonPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: {
    id: {
      type: 'string',
      pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
      'x-problem': 'must be the id of a comparison: a uuid in small letters',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const when = { type: 'string', format: 'date-time' };

const PAIR = {
  mapping: { type: ['integer', 'null'] },
  external_id: text,
  kind: { type: 'string', enum: comparedKinds, description: 'In the words of `twinbox verify`.' },
  why: {
    ...text,
    description: 'The fields that differ, or a stable code; null where both sides agree. Never values.',
  },
  fields: {
    type: ['array', 'null'],
    items: { type: 'string' },
    description: 'The fields that differ now; null where the two sides could not be compared.',
  },
} as const;

const BECAUSE = { code: { type: 'string' }, detail: { type: 'string' } } as const;

const SYSTEM = {
  system: { type: 'string' },
  state: {
    type: 'string',
    enum: ['open', 'answered', 'unanswered'],
    description: 'open: the answer may still come. unanswered: no answer will come any more.',
  },
  verdict: {
    type: ['string', 'null'],
    enum: [...verdicts, null],
    description:
      'not_certain: a change is on its way, a pair is parked, or the system could not be asked. set_aside: no pair counts, since each is held, waiting, detached, closed or an alias. Null without an answer.',
  },
  because: {
    type: ['object', 'null'],
    required: Object.keys(BECAUSE),
    properties: BECAUSE,
    description: 'Why the system could not be asked: paused, breaker_open, account_rests, or its own code.',
  },
  answered_at: { type: ['string', 'null'], format: 'date-time' },
  pairs: { type: 'array', items: { type: 'object', required: Object.keys(PAIR), properties: PAIR } },
} as const;

const COMPARISON = {
  id: { type: 'string' },
  customer: { type: 'integer' },
  actor: { type: 'string' },
  asked_at: when,
  systems: { type: 'array', items: { type: 'object', required: Object.keys(SYSTEM), properties: SYSTEM } },
} as const;

export const comparisonSchema = {
  type: 'object',
  required: Object.keys(COMPARISON),
  properties: COMPARISON,
} as const;
