// What a decision about a stuck pair may say, and the shape of its answer: for the check and for
// the API document.

import { storableText } from '../lib/catalogue/check.ts';

export type ResolutionBody = {
  action: 'recreate' | 'let_go' | 'record';
  external_id?: string;
  reason?: string;
};

export const resolutionSchema = {
  type: 'object',
  required: ['action'],
  additionalProperties: false,
  properties: {
    action: {
      type: 'string',
      enum: ['recreate', 'let_go', 'record'],
      description:
        'recreate: the record is gone, a new one is made. let_go: the pair ends, edits stop. record: external_id is the record.',
    },
    external_id: {
      type: 'string',
      pattern: '^[^\\s\\x00]{1,255}$',
      'x-text': 'storable',
      description: 'With record: its id at the other system.',
      'x-problem': 'must be the id of a record, such as cus_NffrFeUfNV2Hib',
    },
    reason: {
      type: 'string',
      maxLength: 1000,
      pattern: storableText,
      description: 'Why, for those who look later.',
      'x-problem': 'must not hold a NUL character',
    },
  },
} as const;

export const resolvedSchema = {
  type: 'object',
  required: ['outcome', 'mapping', 'customer', 'external_id'],
  properties: {
    outcome: {
      type: 'string',
      enum: ['decided', 'decided_already', 'let_go'],
      description:
        'decided: a worker reads the other side and carries it out; this answer does not wait for it.',
    },
    mapping: { type: 'integer' },
    customer: { type: ['integer', 'null'] },
    external_id: { type: ['string', 'null'], description: 'The record that the pair had.' },
  },
} as const;
