// What the path and the query of /conflicts may say, and the shape of its answers: for the checks
// and for the API document.

import { customerIdSchema } from './customer-schemas.ts';
import { PAGE_DEFAULT, PAGE_MAX } from './customer-schemas.ts';

export const uuidSchema = {
  type: 'string',
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  'x-problem': 'must be a UUID',
} as const;

export const conflictPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: uuidSchema },
} as const;

export type ConflictQuery = {
  limit?: number;
  after?: string;
  customer?: number;
  kind?: string;
  field?: string;
  reversed?: 'true' | 'false';
  turned?: 'true' | 'false';
};

/** lib/sync/merge.ts says what each of them is. */
export const conflictKinds = [
  'both_moved',
  'overwritten_unseen',
  'null_refused',
  'cannot_carry',
  'deleted_there',
  'deleted_here',
  'duplicate_email',
  'external_duplicate',
  'reform_refused',
] as const;

export const conflictQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_MAX,
      description: `Conflicts on a page; ${PAGE_DEFAULT} without this parameter.`,
    },
    after: {
      ...uuidSchema,
      description: 'Begin behind this id, so with older ones. Follow the Link header instead.',
    },
    customer: { ...customerIdSchema, description: 'Only those of this customer.' },
    kind: { type: 'string', enum: conflictKinds, description: 'Only those of this kind.' },
    field: { type: 'string', enum: ['name', 'email'], description: 'Only those about this field.' },
    reversed: {
      type: 'string',
      enum: ['true', 'false'],
      description: 'Only those that were reversed, or were not.',
    },
    turned: {
      type: 'string',
      enum: ['true', 'false'],
      deprecated: true,
      description: 'The old name of `reversed`.',
    },
  },
} as const;

const value = { type: ['string', 'null'] };

export const conflictSchema = {
  type: 'object',
  required: [
    ...[
      'id',
      'kind',
      'customer',
      'system',
      'external_id',
      'field',
      'base',
      'ours',
      'theirs',
      'rule',
      'winner',
    ],
    ...['note', 'reversible', 'reversed_at', 'created_at', 'event_id', 'intent_id'],
  ],
  properties: {
    id: { type: 'string' },
    kind: { type: 'string', enum: conflictKinds },
    customer: { type: ['integer', 'null'] },
    system: {
      type: ['string', 'null'],
      description: 'Where the other value was; null if that pair is no more.',
    },
    external_id: value,
    field: value,
    base: { ...value, description: 'What both sides last agreed on.' },
    ours: { ...value, description: 'Our value when they met.' },
    theirs: { ...value, description: 'Theirs.' },
    rule: { type: 'string', description: 'What decided.' },
    winner: { type: 'string', enum: ['ours', 'theirs', 'neither'] },
    note: { ...value, description: 'reversed; or overtaken: later edits stand in its place.' },
    reversible: {
      type: 'boolean',
      description: 'Whether a conflict of this kind can be reversed, and was not yet.',
    },
    reversed_at: { type: ['string', 'null'], format: 'date-time' },
    created_at: { type: 'string', format: 'date-time' },
    event_id: { ...value, description: 'The event that reported it, where one did.' },
    intent_id: { ...value, description: 'The write of ours that covered the other value, where one did.' },
  },
} as const;

export const reversedSchema = {
  type: 'object',
  required: ['outcome', 'conflict', 'customer'],
  properties: {
    outcome: {
      type: 'string',
      enum: ['reversed', 'reversed_already'],
      description: 'reversed_already: an earlier call did it, and this one changed nothing.',
    },
    conflict: { $ref: '#/components/schemas/Conflict' },
    customer: {
      anyOf: [{ $ref: '#/components/schemas/Customer' }, { type: 'null' }],
      description: 'As it is now; null if it was deleted since.',
    },
  },
} as const;
