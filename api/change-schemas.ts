// What the query of /customers/changes may contain, and the form of its answer: for the checks and
// for the API document.

import type { Entity, Field } from '../lib/catalogue/entity.ts';
import { shownSchema } from '../lib/catalogue/row-checks.ts';
import { customerIdSchema } from './customer-schemas.ts';

export const CHANGES_DEFAULT = 100;
export const CHANGES_MAX = 1_000;

export type ChangesQuery = { after?: string; limit?: number };

export const changesQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: {
      type: 'string',
      minLength: 3,
      maxLength: 15_000,
      pattern: '^[0-9a-z.\\-]+$',
      description:
        'The position from the last answer, unchanged; or now: no changes, only the current position. Without this parameter the oldest change that is still kept comes first.',
      'x-problem': 'must be a whole position as an answer gave it, or now',
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: CHANGES_MAX,
      description: `The most changes in an answer; ${CHANGES_DEFAULT} without this parameter.`,
    },
  },
} as const;

const position = {
  type: 'string',
  description: 'Send it as `after` to get the changes that follow. Send it unchanged: its form may change.',
};

/** The members that a change has in both feeds. */
const ofChange = {
  position,
  event_id: { type: 'string', description: 'The event of this change, the same as in Kafka.' },
  type: { type: 'string', enum: ['created', 'updated', 'deleted'] },
  version: { type: 'integer', minimum: 1, description: 'Rises with every change of the row.' },
  source: {
    type: 'string',
    description: 'Who changed the row: internal (the API), sql, or an external system.',
  },
  changed_at: { type: 'string', format: 'date-time' },
};

const changeSchemaOf = ({ fields }: Entity) => ({
  type: 'object',
  required: [
    ...['position', 'event_id', 'type', 'id', 'version'],
    ...fields.map(({ name }) => name),
    ...['source', 'changed_at'],
  ],
  properties: {
    ...ofChange,
    id: { ...customerIdSchema, description: 'The customer.' },
    ...Object.fromEntries(fields.map((field) => [field.name, valueSchema(field)])),
  },
});

function valueSchema(field: Field): object {
  const schema = shownSchema({ ...field, required: false });
  return { ...schema, description: 'As of this version; null if the change is a deletion.' };
}

/** The feed of every entity, and of one. */
const feedOf = (change: object) => ({
  type: 'object',
  required: ['changes', 'position', 'more'],
  properties: {
    changes: { type: 'array', items: change },
    position,
    more: {
      type: 'boolean',
      description: 'Whether more changes can be read at once. It can be true for an answer without changes.',
    },
  },
});

export const changesSchemaOf = (entity: Entity) => feedOf(changeSchemaOf(entity));

export const allChangesSchema = feedOf({
  type: 'object',
  required: [
    ...['position', 'event_id', 'entity', 'type', 'id', 'version'],
    ...['values', 'source', 'changed_at'],
  ],
  properties: {
    ...ofChange,
    entity: { type: 'string', description: 'What the row is, such as customer.' },
    id: { type: 'integer', minimum: 1, description: 'The row.' },
    values: {
      type: ['object', 'null'],
      description: 'The fields of the row as of this version; null if the change is a deletion.',
    },
  },
});

export const changeStreamSchema = {
  type: 'string',
  description:
    'Server-sent events. `change`: data is JSON with entity, id, version and kinds (created, updated, deleted) of one row that changed; several changes of a row may be one event. `end`: data has the reason (closing, key_ended, position_expired), and the stream ends. The id is a position, the same as `after` takes; an event without one belongs to the next one that has it.',
};
