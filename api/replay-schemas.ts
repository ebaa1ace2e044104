// What the bodies, paths and queries of /replays and of the closings may contain, and the form of the
// answers: for the checks and for the API document.

import { storableText } from '../lib/catalogue/check.ts';
import { MOST_DELIVERIES } from '../db/replays/selection.ts';
import { rates, STOP_SHARE } from '../lib/operations/replay-rates.ts';
import { patterns } from '../lib/operations/event-query.ts';
import { says, type SelectionWords } from '../lib/operations/selection-words.ts';
import { customerIdSchema, PAGE_DEFAULT, PAGE_MAX } from './customer-schemas.ts';

const time = { type: 'string', maxLength: 64, 'x-problem': says.time } as const;

/** The words that select deliveries. */
const SELECTION = {
  id: {
    type: 'string',
    maxLength: 40_000,
    description: 'Only these events, whatever their status: ids with commas between them.',
    'x-problem': says.id,
  },
  status: {
    type: 'string',
    maxLength: 200,
    description: 'Only deliveries in one of these states, with commas; parked without id, status and group.',
    'x-problem': says.status,
  },
  group: {
    type: 'string',
    pattern: '^[0-9a-f]{12}$',
    description: 'Only the pairs of this error group: its fingerprint.',
    'x-problem': 'must be the fingerprint of a group: twelve hexadecimal digits',
  },
  customer: { ...customerIdSchema, description: 'Only those of this customer.' },
  error: {
    type: 'string',
    pattern: patterns.error,
    description: 'Only those that failed with this code the last time that they failed.',
    'x-problem': says.error,
  },
  direction: {
    type: 'string',
    enum: ['out', 'in'],
    description: 'out: only those to a system. in: only those to our table.',
  },
  since: {
    ...time,
    description: 'Only those received since then: 30m, 2h, 7d (ago), or a time with its zone.',
  },
  until: { ...time, description: 'Only those received before then, in the same forms.' },
  system: { type: 'string', maxLength: 100, description: 'Only those of pairs with this system.' },
  max: {
    type: 'integer',
    minimum: 1,
    maximum: MOST_DELIVERIES,
    description: 'The most deliveries; the oldest are taken.',
  },
} as const;

const rate = {
  type: 'number',
  minimum: rates.least,
  maximum: rates.most,
  description: `Pairs per second; ${rates.default} without it.`,
} as const;

const reason = {
  type: 'string',
  minLength: 1,
  maxLength: 1000,
  pattern: storableText,
  description: 'Why, for people who read the audit trail later.',
  'x-problem': 'must have 1 to 1000 characters, and no NUL character',
} as const;

export type PlanBody = SelectionWords & { rate?: number };

export const planBodySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { ...SELECTION, rate },
} as const;

export type ReplayBody = { plan: string; rate?: number; max?: number; reason?: string; stop_share?: number };

const hash = {
  type: 'string',
  pattern: '^[0-9a-f]{64}$',
  'x-problem': 'must be the hash of a plan: 64 hexadecimal digits',
} as const;

export const replayBodySchema = {
  type: 'object',
  required: ['plan'],
  additionalProperties: false,
  properties: {
    plan: { ...hash, description: 'The hash of the plan. It has to be what would be selected now.' },
    rate,
    max: {
      type: 'integer',
      minimum: 1,
      maximum: MOST_DELIVERIES,
      description: 'The most pairs, the first of the plan.',
    },
    reason: { ...reason, description: 'Why; needed for more than one pair.' },
    stop_share: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: `The job stops itself when more than this share of its pairs fails; ${STOP_SHARE} without it.`,
    },
  },
} as const;

export type ActBody = { reason?: string };
export const actBodySchema = { type: 'object', additionalProperties: false, properties: { reason } } as const;

export type CloseBody = SelectionWords & { reason: string };

export const closeBodySchema = {
  type: 'object',
  required: ['reason'],
  additionalProperties: false,
  properties: { ...SELECTION, reason },
} as const;

export const closeGroupSchema = {
  type: 'object',
  required: ['reason'],
  additionalProperties: false,
  properties: { reason },
} as const;

export const planPathSchema = {
  type: 'object',
  required: ['hash'],
  additionalProperties: false,
  properties: { hash },
} as const;

export const planQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_MAX,
      description: `Deliveries on a page; ${PAGE_DEFAULT} without it.`,
    },
    after: {
      type: 'integer',
      minimum: 0,
      maximum: MOST_DELIVERIES,
      description: 'Only those after this place. Follow the Link header instead of setting it.',
    },
  },
} as const;

export const replayPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
} as const;

export const replayQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_MAX,
      description: `Jobs on a page; ${PAGE_DEFAULT} without it.`,
    },
    after: {
      type: 'integer',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Only older ones than this job.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const whole = { type: ['integer', 'null'] };
const when = { type: 'string', format: 'date-time' };
const count = { type: 'integer', minimum: 0 };
const numbers = { type: 'object', additionalProperties: count };

const COUNTS = {
  deliveries: count,
  pairs: {
    ...count,
    description: 'A replay is of pairs: each is looked at once, however many deliveries it has.',
  },
  customers: count,
  with_record: { ...count, description: 'Pairs that have a record at the system.' },
  statuses: { ...numbers, description: 'Deliveries in each state.' },
  systems: { ...numbers, description: 'Pairs with each system.' },
  more: { type: 'boolean', description: 'More deliveries fit; the plan has the oldest.' },
} as const;

const PLAN = {
  plan: {
    type: 'string',
    description: 'The hash: the same as long as the same is selected, in the same states.',
  },
  made_at: when,
  counts: { type: 'object', required: Object.keys(COUNTS), properties: COUNTS },
  calls: {
    type: 'object',
    required: ['least', 'most'],
    properties: { least: count, most: count },
    description: 'Calls to the systems: a read of each record, and at most a search or a write besides.',
  },
  seconds: {
    ...count,
    description:
      'At the rate, and at the limits of the systems; live traffic, which goes first, makes it longer.',
  },
  rate: { type: 'number' },
} as const;

export const planSchema = { type: 'object', required: Object.keys(PLAN), properties: PLAN } as const;

const EFFECT = {
  type: 'object',
  required: ['would'],
  properties: {
    would: {
      type: 'string',
      enum: [
        ...['nothing', 'superseded', 'create', 'update', 'delete', 'delete_here', 'held', 'refused', 'link'],
        ...['import', 'resolve', 'unknown'],
      ],
      description:
        'What a step would do, by what is stored: no system is called for a plan. held: the fuse holds a delete. refused: the same request again that was refused. unknown: the system has to be asked first.',
    },
  },
} as const;

const ITEM = {
  place: { type: 'integer' },
  event_id: { ...text, description: 'Null for a pair of a group that has no open delivery.' },
  event_type: text,
  version: whole,
  target: { type: 'string' },
  status: text,
  attempts: whole,
  error: { type: ['object', 'null'] },
  created_at: { type: ['string', 'null'], format: 'date-time' },
  mapping: { type: 'integer' },
  customer: whole,
  external_id: text,
  state: text,
  effect: EFFECT,
} as const;

export const plannedSchema = {
  type: 'object',
  required: ['plan', 'made_at', 'items'],
  properties: {
    plan: PLAN.plan,
    made_at: when,
    items: { type: 'array', items: { type: 'object', required: Object.keys(ITEM), properties: ITEM } },
  },
} as const;

const JOB = {
  id: { type: 'integer' },
  plan: { type: 'string' },
  state: { type: 'string', enum: ['running', 'paused', 'stopped', 'cancelled', 'finished'] },
  why: { ...text, description: 'Why it has stopped itself.' },
  rate: { type: 'number', description: 'Pairs per second.' },
  stop_share: { type: 'number' },
  actor: { type: 'string' },
  reason: text,
  created_at: when,
  ended_at: { type: ['string', 'null'], format: 'date-time' },
  deliveries: count,
  pairs: { ...count, description: 'The sum of the next six.' },
  queued: { ...count, description: 'Not raised yet.' },
  raised: { ...count, description: 'A worker looks at them, or will.' },
  done: { ...count, description: 'They need no person any more.' },
  failed: { ...count, description: 'They are parked or wait again.' },
  skipped: { ...count, description: 'What was asked for was not true any more, or the pair has gone.' },
  cancelled: count,
} as const;

export const replaySchema = { type: 'object', required: Object.keys(JOB), properties: JOB } as const;

export const wholeReplaySchema = {
  type: 'object',
  required: [...Object.keys(JOB), 'failures'],
  properties: {
    ...JOB,
    failures: {
      type: 'array',
      description: 'Up to 100 pairs that failed.',
      items: {
        type: 'object',
        required: ['mapping', 'customer', 'result', 'at'],
        properties: { mapping: { type: 'integer' }, customer: whole, result: text, at: when },
      },
    },
  },
} as const;

export const closedSchema = {
  type: 'object',
  required: ['selected', 'closed', 'left'],
  properties: {
    selected: { ...count, description: 'Pairs that were selected.' },
    closed: count,
    left: { ...count, description: 'Pairs that are not parked or waiting at rest, or were closed already.' },
  },
} as const;
