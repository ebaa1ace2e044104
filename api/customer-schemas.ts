// What the path and the query of /customers may contain, and the form of the answers: for the
// checks and for the API document.

import { storableText } from '../lib/catalogue/check.ts';
import { customerFields, customerLimits } from '../lib/catalogue/customer.ts';

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 100;

export const customerIdSchema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

export const customerPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: customerIdSchema },
} as const;

export type CustomerQuery = { limit?: number; after?: number; email?: string; updated_since?: string };

export const customerQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_MAX,
      description: `Customers on a page; ${PAGE_DEFAULT} without this parameter.`,
    },
    after: {
      ...customerIdSchema,
      description: 'Show customers with a higher id. Follow the Link header instead of setting it.',
    },
    email: {
      type: 'string',
      minLength: 1,
      maxLength: customerLimits.email,
      pattern: storableText,
      'x-text': 'storable',
      description: 'Only the customer with this email, whatever the case of its letters.',
      'x-problem': 'must not contain a NUL character',
    },
    updated_since: {
      type: 'string',
      format: 'date-time',
      description: 'Only customers changed at or after this time.',
    },
  },
} as const;

const { name, email } = customerFields;

const time = {
  type: 'string',
  format: 'date-time',
  description:
    'From 0001-01-01T00:00:00.000Z, which stands for every earlier time, to 9999-12-31T23:59:59.999Z, which stands for every later time and for infinity.',
};

export const customerSchema = {
  type: 'object',
  required: ['id', 'name', 'email', 'version', 'created_at', 'updated_at', 'external_mappings', 'sync'],
  properties: {
    id: customerIdSchema,
    name: { type: name.type },
    email: { type: email.type },
    version: { type: 'integer', minimum: 1, description: 'Rises by one with every change; also the ETag.' },
    created_at: time,
    updated_at: time,
    external_mappings: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'The id of the record in each external system that has one.',
      example: { stripe: 'cus_NffrFeUfNV2Hib' },
    },
    sync: {
      type: 'object',
      description:
        'The state of the pair in each external system. A parked pair waits for a person; reason says why.',
      additionalProperties: {
        type: 'object',
        required: ['state', 'reason', 'version', 'since'],
        properties: {
          state: {
            type: 'string',
            enum: ['pending', 'linked', 'waiting', 'parked', 'tombstoned', 'detached'],
            description: 'pending: the system does not have the newest version yet, and will get it.',
          },
          reason: { type: ['string', 'null'] },
          version: {
            type: ['integer', 'null'],
            description: 'The version that the system has; null if it has had none.',
          },
          since: {
            type: 'string',
            format: 'date-time',
            description:
              'With pending: when the first change was made that the system does not have. Otherwise: when the pair last changed.',
          },
        },
      },
    },
  },
} as const;
