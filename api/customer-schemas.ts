// What the path and the query of /customers may contain, and the form of the answers: for the
// checks and for the API document.

import { storableText } from '../lib/catalogue/check.ts';
import type { Entity, Field } from '../lib/catalogue/entity.ts';
import { shownSchema } from '../lib/catalogue/row-checks.ts';

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 100;

export const customerIdSchema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

export const customerPathSchema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: customerIdSchema },
} as const;

/** The values of the identity and of indexed fields are there by the names of the fields. */
export type CustomerQuery = { limit?: number; after?: number; updated_since?: string } & Record<
  string,
  string | number
>;

/** A list is filtered by the entity's identity, too; the parameters of indexed fields are in customer-filters.ts. */
export function customerQuerySchemaOf({ identity, fields }: Entity) {
  const field = fields.find(({ name }) => name === identity);
  return {
    ...QUERY,
    properties: { ...QUERY.properties, ...(field ? { [field.name]: identityParameter(field) } : {}) },
  };
}

function identityParameter({ name, maxLength }: Field) {
  return {
    type: 'string',
    minLength: 1,
    ...(maxLength === null ? {} : { maxLength }),
    pattern: storableText,
    'x-text': 'storable',
    description: `Only the customer with this ${name}, whatever the case of its letters.`,
    'x-problem': 'must not contain a NUL character',
  };
}

const QUERY = {
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
    updated_since: {
      type: 'string',
      format: 'date-time',
      description: 'Only customers changed at or after this time.',
    },
  },
} as const;

const time = {
  type: 'string',
  format: 'date-time',
  description:
    'From 0001-01-01T00:00:00.000Z, which stands for every earlier time, to 9999-12-31T23:59:59.999Z, which stands for every later time and for infinity.',
};

/** A customer as the API shows it. */
export function customerSchemaOf({ fields }: Entity) {
  const names = fields.map(({ name }) => name);
  const { id, ...rest } = SHOWN;
  return {
    type: 'object',
    required: ['id', ...names, ...Object.keys(rest)],
    properties: {
      id,
      ...Object.fromEntries(fields.map((field) => [field.name, shownSchema(field)])),
      ...rest,
    },
  };
}

const SHOWN = {
  id: customerIdSchema,
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
} as const;
