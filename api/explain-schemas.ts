// The form of the answers of /explain, for the API document.

import { EFFECT } from './replay-answers.ts';

const text = { type: ['string', 'null'] } as const;
const whole = { type: ['integer', 'null'] } as const;
const object = { type: ['object', 'null'] } as const;
const when = { type: 'string', format: 'date-time' } as const;
const whenOrNull = { type: ['string', 'null'], format: 'date-time' } as const;

function all<T extends object>(properties: T) {
  return { type: 'object', required: Object.keys(properties), properties } as const;
}

const listOf = (items: object) => ({ type: 'array', items }) as const;

const OBSTACLES = {
  ...listOf(all({ kind: { type: 'string' }, says: { type: 'string' } })),
  description: 'Why it is not being done now: a code and a sentence for each cause.',
};

const FIELD = {
  field: { type: 'string' },
  ours: { description: 'Null also if the value is empty, or there is no row.' },
  theirs_known: { description: 'As last known.' },
  left_because: { ...text, description: 'Why the two values are left different.' },
  differs: { type: ['boolean', 'null'], description: 'Null if it is not known.' },
} as const;

const PAIR = {
  mapping: { type: 'integer' },
  system: { type: 'string' },
  account: { type: 'string' },
  customer: whole,
  external_id: text,
  role: { type: 'string', enum: ['primary', 'alias'] },
  known_email: { ...text, description: 'Of a record that belongs to no row: its email when last known.' },
  merged_into: text,
  state: { type: 'string' },
  since: when,
  reason: text,
  reason_detail: object,
  why: { ...text, description: 'Why it is parked or waits, in a sentence.' },
  closed: { ...object, description: 'Who has closed it, when and why; null if it is open.' },
  decision: object,
  our_version: whole,
  sent_version: { type: 'integer' },
  last_request: {
    ...object,
    properties: { operation: { type: 'string' }, version: { type: 'integer' }, result: { type: 'string' } },
    description: 'The last request that has its result; null if none is kept.',
  },
  to_do: { type: 'boolean' },
  attempts: { type: 'integer' },
  next_attempt_at: whenOrNull,
  last_error: object,
  open_deliveries: listOf(
    all({ type: { type: 'string' }, status: { type: 'string' }, count: { type: 'integer' } }),
  ),
  fields: listOf(all(FIELD)),
  read: { ...object, description: 'Always null in an answer of the API, which calls no system.' },
  rung: { ...text, description: 'The rule that answers; null while a worker works on the pair.' },
  effect: EFFECT,
  not_now: OBSTACLES,
  can_do: {
    ...listOf(all({ command: { type: 'string' }, does: { type: 'string' } })),
    description: 'Commands that would not be refused.',
  },
} as const;

export const explanationSchema = all({
  found: { const: true },
  customer: {
    ...object,
    properties: { id: whole, version: whole, updated_at: when, deleted_at: whenOrNull },
    description: 'Null if no row belongs to the pair.',
  },
  pairs: { ...listOf(all(PAIR)), description: 'The pair that the customer lives by comes first.' },
  not_received: {
    ...listOf(all({ system: { type: 'string' }, newest_change: text, not_now: OBSTACLES })),
    description: 'The systems at which a living customer has no pair yet.',
  },
  open_conflicts: { type: 'integer', minimum: 0, description: 'Conflicts that are not reversed.' },
  unmatched: listOf(all({ system: { type: 'string' }, account: text, external_id: text, decision: text })),
});
