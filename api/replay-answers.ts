// The form of the answers of /replays and of the closings, for the API document.

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

export const EFFECT = {
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
  reason: { ...text, description: 'Why the pair is parked or waits.' },
  effect: EFFECT,
} as const;

const SELECTED = {
  type: 'object',
  description: 'The words that select the same, with times instead of ages.',
  properties: {
    ...{ id: { type: 'string' }, status: { type: 'string' }, customer: { type: 'integer' } },
    ...{ group: { type: 'string' }, error: { type: 'string' }, direction: { type: 'string' } },
    ...{ since: when, until: when, system: { type: 'string' }, max: count },
  },
} as const;

export const plannedSchema = {
  type: 'object',
  required: [...Object.keys(PLAN), 'selection', 'items'],
  properties: {
    ...PLAN,
    selection: SELECTED,
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
