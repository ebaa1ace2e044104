// What the path and the query of /conflicts may contain, and the form of the answers: for the
// checks and for the API document.

import { customerIdSchema } from './customer-schemas.ts';
import { PAGE_DEFAULT, PAGE_MAX } from './customer-schemas.ts';
import { EFFECT } from './replay-answers.ts';
import { storableText } from '../lib/catalogue/check.ts';
import { conflictKinds } from '../lib/sync/merge.ts';

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
      description:
        'Show conflicts older than the one with this id. Follow the Link header instead of setting it.',
    },
    customer: { ...customerIdSchema, description: 'Only conflicts of this customer.' },
    kind: { type: 'string', enum: conflictKinds, description: 'Only conflicts of this kind.' },
    field: {
      type: 'string',
      minLength: 1,
      maxLength: 63,
      pattern: storableText,
      'x-text': 'storable',
      description: 'Only conflicts about this field.',
      'x-problem': 'must have 1 to 63 characters, and no NUL character',
    },
    reversed: {
      type: 'string',
      enum: ['true', 'false'],
      description: 'true: only conflicts that were reversed; false: only the others.',
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

/** A value of a field, in the form of the field's type. */
const any = { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] };

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
      'ours_from',
      'theirs_from',
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
      description: 'The mapping of the record; null if the mapping no longer exists.',
    },
    external_id: value,
    field: value,
    base: { ...any, description: 'The value that both sides last agreed on.' },
    ours: { ...any, description: 'Our value at the time of the merge.' },
    theirs: { ...any, description: 'Theirs.' },
    ours_from: {
      ...value,
      description:
        'Who made our value: internal (the API or a command), sql (a statement in the database), or the name of the system whose change brought it; null if it is not known.',
    },
    theirs_from: {
      ...value,
      description: 'The system that their value is from; null if the conflict is not about a value.',
    },
    rule: { type: 'string', description: 'The rule that decided.' },
    winner: { type: 'string', enum: ['ours', 'theirs', 'neither'] },
    note: { ...value, description: 'reversed; or overtaken: a later edit replaced the value that was kept.' },
    reversible: {
      type: 'boolean',
      description: 'Whether a conflict of this kind can be reversed, and has not been reversed yet.',
    },
    reversed_at: { type: ['string', 'null'], format: 'date-time' },
    created_at: { type: 'string', format: 'date-time' },
    event_id: { ...value, description: 'The inbound event that reported the other value, if an event did.' },
    intent_id: { ...value, description: 'The write of ours that covered the other value, if a write did.' },
  },
} as const;

export const reversedSchema = {
  type: 'object',
  required: ['outcome', 'conflict', 'customer'],
  properties: {
    outcome: {
      type: 'string',
      enum: ['reversed', 'reversed_already'],
      description: 'reversed_already: an earlier call reversed it, and this call changed nothing.',
    },
    conflict: { $ref: '#/components/schemas/Conflict' },
    customer: {
      anyOf: [{ $ref: '#/components/schemas/Customer' }, { type: 'null' }],
      description: 'The customer as it is now; null if it was deleted since.',
    },
  },
} as const;

export const previewedConflictSchema = {
  allOf: [{ $ref: '#/components/schemas/Conflict' }],
  type: 'object',
  required: ['preview'],
  properties: {
    preview: {
      type: 'object',
      description: 'What reversing the conflict now would write, and where.',
      required: ['outcome', 'here', 'there'],
      properties: {
        outcome: {
          type: 'string',
          enum: [
            ...['reversed', 'reversed_already', 'overtaken', 'cannot_reverse', 'duplicate_email', 'refused'],
            ...['not_found', 'contended'],
          ],
          description: 'What the act would answer; only reversed writes.',
        },
        here: {
          type: ['object', 'null'],
          required: ['customer', 'field', 'from', 'to'],
          properties: {
            customer: { type: 'integer' },
            field: { type: 'string' },
            ...{ from: { description: 'The value now.' }, to: { description: 'The value then.' } },
          },
          description: 'The change of our row.',
        },
        there: {
          type: 'array',
          description: 'For each pair of the customer, what a step would do then, by what is stored.',
          items: {
            type: 'object',
            required: ['system', 'mapping', 'external_id', 'effect'],
            properties: {
              ...{ system: { type: 'string' }, mapping: { type: 'integer' }, external_id: value },
              effect: EFFECT,
            },
          },
        },
      },
    },
  },
} as const;
