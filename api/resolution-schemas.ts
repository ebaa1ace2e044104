// What a decision about a stuck pair may contain, and the form of its answer: for the check and for
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
        'recreate: the record is gone, and a new one is created. let_go: the pair is detached, and edits are no longer carried over. record: external_id is the record of the customer.',
    },
    external_id: {
      type: 'string',
      pattern: '^[^\\s\\x00]{1,255}$',
      'x-text': 'storable',
      description: 'With record: its id at the external system.',
      'x-problem': 'must be the id of a record, such as cus_NffrFeUfNV2Hib',
    },
    reason: {
      type: 'string',
      maxLength: 1000,
      pattern: storableText,
      'x-text': 'storable',
      description: 'Why, for people who read the audit trail later.',
      'x-problem': 'must not contain a NUL character or half a surrogate pair',
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
        'decided: a worker reads the record and carries the decision out; this answer does not wait for it.',
    },
    mapping: { type: 'integer' },
    customer: { type: ['integer', 'null'] },
    external_id: { type: ['string', 'null'], description: 'The record that the pair had.' },
  },
} as const;
