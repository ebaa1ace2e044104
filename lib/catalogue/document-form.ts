// The form of a mapping document as a JSON Schema, and what is wrong with one that has another form.
import type { ErrorObject } from 'ajv';

const CARRY = { type: 'array', items: { type: 'string' } };

const FIELD = {
  type: 'object',
  additionalProperties: false,
  required: [
    ...['internal', 'external', 'direction', 'conflict', 'onNull'],
    ...['toExternal', 'toInternal', 'compare', 'fallback', 'maxLength'],
  ],
  properties: {
    internal: { type: 'string', minLength: 1 },
    external: { type: 'string', minLength: 1 },
    direction: { type: 'string', enum: ['both', 'push', 'pull'] },
    conflict: {
      type: 'string',
      enum: ['internal_wins', 'external_wins', 'external_unless_blank', 'internal_unless_blank'],
    },
    onNull: { type: 'string', enum: ['keep', 'clear'] },
    toExternal: CARRY,
    toInternal: CARRY,
    compare: { type: 'array', items: { type: 'string', enum: ['lower', 'exact'] } },
    fallback: { type: 'array', items: { type: 'string', minLength: 1 } },
    maxLength: { type: 'integer', minimum: 1, nullable: true },
    unset: { type: 'string', minLength: 1 },
    owner: { type: 'string', minLength: 1, nullable: true },
  },
};

export const documentForm = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'system', 'entity', 'externalType', 'fields'],
  properties: {
    id: { type: 'string', minLength: 1 },
    system: { type: 'string', minLength: 1 },
    entity: { type: 'string', minLength: 1 },
    externalType: { type: 'string', minLength: 1 },
    fields: { type: 'array', minItems: 1, items: FIELD },
    // Checked where it is written: in the configuration.
    condition: { type: 'object', nullable: true },
  },
};

/** One problem, with its place: `/fields/0/conflict: must be one of …`. */
export function describeFormError(error: ErrorObject): string {
  const at = error.instancePath === '' ? '/' : error.instancePath;
  const params = error.params as { additionalProperty?: string; allowedValues?: unknown[] };
  if (params.additionalProperty !== undefined) return `${at}: unknown key "${params.additionalProperty}"`;
  if (params.allowedValues !== undefined) return `${at}: must be one of ${params.allowedValues.join(', ')}`;
  return `${at}: ${error.message ?? error.keyword}`;
}
