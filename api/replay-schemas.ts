// What the bodies, paths and queries of /replays and of the closings may contain: for the checks and for
// the API document. replay-answers.ts has the form of the answers.

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
  closed: {
    type: 'boolean',
    description:
      'true: only those of pairs that a person has closed. These are left out otherwise, unless id or customer names them; false leaves them out even then.',
  },
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

/** Why a person does something, where that is needed. */
export const reason = {
  type: 'string',
  minLength: 1,
  maxLength: 1000,
  pattern: storableText,
  'x-text': 'visible',
  description: 'Why, for people who read the audit trail later.',
  'x-problem': 'must not contain a NUL character or half a surrogate pair',
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
    rate: { ...rate, description: `Pairs per second, for \`seconds\`; ${rates.default} without it.` },
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
