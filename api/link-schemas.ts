// What a request for a first link may contain, and the form of the answers: for the checks and for the API
// document.

import { linkPlanStates, type RecordsChoice } from '../db/link-plans.ts';
import { linkOutcomes } from '../lib/operations/link-lines.ts';
import { reason } from './replay-schemas.ts';

/** `systems`: those that are kept in step. */
export const linkPlanBodySchemaOf = (systems: readonly string[]) => ({
  type: 'object',
  required: ['system'],
  additionalProperties: false,
  properties: { system: { type: 'string', enum: [...systems] } },
});

export type LinkPlanBody = { system: string };

export const linkPlanPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: {
    id: {
      type: 'string',
      pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
      'x-problem': 'must be the id of a link plan: a uuid in small letters',
    },
  },
} as const;

export const recordsChoices = ['wait', 'import', 'leave'] as const satisfies readonly RecordsChoice[];

export type LinkRunBody = { reason: string; records?: RecordsChoice };

export const linkRunBodySchema = {
  type: 'object',
  required: ['reason'],
  additionalProperties: false,
  properties: {
    reason,
    records: {
      type: 'string',
      enum: recordsChoices,
      default: 'wait',
      description:
        'What becomes of the records that `records_undecided` counts. wait: nothing yet. import: each becomes a customer. leave: they stay without one.',
    },
  },
} as const;

const text = { type: ['string', 'null'] };
const count = { type: 'integer', minimum: 0 };
const when = { type: 'string', format: 'date-time' };
const whenOrNull = { type: ['string', 'null'], format: 'date-time' };

const described = <T extends Record<string, object>>(properties: T) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const orNull = <T extends { type: string }>(schema: T, description: string) => ({
  ...schema,
  ...{ type: ['object', 'null'], description },
});

const examples = {
  type: 'array',
  description: 'Some of them.',
  items: described({ customer: { type: ['integer', 'null'] }, record: text }),
} as const;

const PLAN = described({
  lines: {
    type: 'array',
    description: 'The lines of `twinbox link --dry-run`.',
    items: described({
      outcome: {
        type: 'string',
        enum: linkOutcomes,
        description:
          'pair_differs, pair_field and pair_waits are about pairs that pair_by_tag and pair_by_email have counted.',
      },
      count,
      says: { type: 'string', description: 'What happens to them, to stand after the count.' },
      examples,
    }),
  },
  customers: { ...count, description: 'The customers that a consent to this plan is about.' },
  records_undecided: { ...count, description: 'Records without a customer and without a decision.' },
  calls: { ...count, description: 'About so many calls to the system.' },
  seconds: { ...count, description: 'At the rate limits of the system.' },
});

export const linkDifferenceSchema = described({
  customers: {
    type: ['integer', 'null'],
    description:
      'How many have another outcome now, wait now, or wait no longer; null if only sums are known.',
  },
  examples,
  lines: {
    type: 'array',
    items: described({ says: { type: 'string' }, before: count, after: count }),
  },
});

const RUN = described({
  actor: { type: 'string' },
  reason: { type: 'string' },
  records: { type: 'string', enum: recordsChoices },
  asked_at: when,
  customers: { ...count, description: 'Customers whose consent is stored.' },
  records_raised: { ...count, description: 'Records that workers look at.' },
  records_decided: { ...count, description: 'Records that were decided about by `records`.' },
  to_carry_out: {
    type: ['integer', 'null'],
    description:
      'Customers at this system whose consent no worker has carried out yet; null before it is stored.',
  },
});

const FAILURE = described({ code: { type: 'string' }, detail: { type: 'string' } });

export const linkPlanSchema = described({
  id: { type: 'string' },
  system: { type: 'string' },
  state: {
    type: 'string',
    enum: linkPlanStates,
    description:
      'waiting: no worker has begun. reading: a worker reads both sides. ready: the plan waits for a consent. checking: both sides are read again. storing: consents are stored. done: all are stored, and workers carry them out. stale: the plan was not true any more, and nothing was stored. failed: both sides could not be read.',
  },
  actor: { type: 'string' },
  asked_at: when,
  read: { ...count, description: 'Records of the system that were read so far.' },
  attempts: { ...count, description: 'How often the reading was begun; again if a worker ended in it.' },
  planned_at: whenOrNull,
  hash: { ...text, description: 'The same for two plans that do the same with every customer that waits.' },
  plan: orNull(PLAN, 'Null before both sides are read.'),
  failure: orNull(FAILURE, 'Why both sides could not be read: paused, breaker_open, account_rests, …'),
  changed: orNull(linkDifferenceSchema, 'If the plan is stale: what had changed.'),
  run: orNull(RUN, 'The consent; null before it is given.'),
  ended_at: whenOrNull,
});

const NEWEST = described({
  id: { type: 'string' },
  state: { type: 'string', enum: linkPlanStates },
  asked_at: when,
});

export const linkStandingSchema = described({
  system: { type: 'string' },
  customers: { ...count, description: 'Customers that wait for their first link.' },
  records_undecided: { ...count, description: 'Records without a customer and without a decision.' },
  newest: orNull(NEWEST, 'The newest plan that is kept.'),
});
