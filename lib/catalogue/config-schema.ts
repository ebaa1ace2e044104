// The form of a user's configuration as a JSON Schema. twinbox.schema.json is written from it, for
// editors; config-form.ts checks by it. What a schema cannot say is checked in config-entities.ts
// and config-systems.ts.
import { onLeaves } from './condition.ts';
import { fieldTypes } from './entity.ts';

const NAME = { type: 'string', minLength: 1 };
const NAMES = { type: 'array', items: NAME };
const PLAIN = { type: ['string', 'number', 'boolean', 'null'] };

const FIELD = {
  type: 'object',
  description: 'A field of the table.',
  additionalProperties: false,
  properties: {
    type: { enum: fieldTypes, description: 'What values the field has.' },
    required: { type: 'boolean', default: false, description: 'Whether a row always has a value for it.' },
    maxLength: { type: 'integer', minimum: 1, description: 'In characters; of text and email.' },
    column: { ...NAME, description: 'The column of the table; by default it has the name of the field.' },
    values: { type: 'array', minItems: 1, items: NAME, description: 'The only values; of enum.' },
    scale: { type: 'integer', minimum: 0, maximum: 15, description: 'Digits after the point; of decimal.' },
    currency: { ...NAME, description: 'The field that holds the currency; of money.' },
    entity: { ...NAME, description: 'The entity whose id it is; of reference.' },
    indexed: {
      type: 'boolean',
      default: false,
      description: 'Whether lists can be filtered by it; its column then has an index. Not of json.',
    },
    description: { ...NAME, description: 'For the readers of the document of the API.' },
  },
};

const ENTITY = {
  type: 'object',
  description: 'A kind of row: its table and its fields.',
  additionalProperties: false,
  properties: {
    table: { ...NAME, description: 'By default the plural.' },
    plural: { ...NAME, description: 'In routes; by default the name with an s.' },
    identity: {
      type: ['string', 'null'],
      minLength: 1,
      description: 'The field by which a row and a record are taken for the same thing.',
    },
    fields: { type: 'object', description: 'By name.', additionalProperties: FIELD },
  },
};

const RULE = {
  type: 'object',
  description: 'A field of ours and the field of the system that it corresponds to.',
  additionalProperties: false,
  required: ['internal', 'external'],
  properties: {
    internal: { ...NAME, description: 'Our field.' },
    external: { ...NAME, description: 'The field of the system.' },
    group: { ...NAME, description: 'The group of fields that the system takes together with it.' },
    direction: {
      enum: ['both', 'push', 'pull'],
      default: 'both',
      description: 'push: from our table to the system only. pull: from the system to our table only.',
    },
    conflict: {
      enum: ['internal_wins', 'external_wins', 'external_unless_blank', 'internal_unless_blank'],
      default: 'internal_wins',
      description: 'Which value counts when both sides have changed.',
    },
    onNull: {
      enum: ['keep', 'clear'],
      description: 'What an empty field of theirs does to ours; by default clear where ours may be empty.',
    },
    toExternal: { ...NAMES, description: 'Names of transforms of our value on its way to the system.' },
    toInternal: { ...NAMES, description: 'Names of transforms of their value on its way to our table.' },
    compare: {
      type: 'array',
      items: { enum: ['lower', 'exact'] },
      description: 'lower: the case of A to Z does not count, the default for an email.',
    },
    fallback: { ...NAMES, description: 'Fields of the system that replace this one where it is empty.' },
    maxLength: { type: ['integer', 'null'], minimum: 1, description: 'By default the limit of the system.' },
    owner: {
      type: ['string', 'null'],
      minLength: 1,
      description: 'Whose value counts when several change it: internal, or the name of a system.',
    },
  },
};

const WHEN = {
  type: 'object',
  description: 'Which rows the system has: a field, and one of is, not and in.',
  additionalProperties: false,
  required: ['field'],
  minProperties: 2,
  maxProperties: 2,
  properties: { field: NAME, is: PLAIN, not: PLAIN, in: { type: 'array', minItems: 1, items: PLAIN } },
};

const MAPPING = {
  type: 'object',
  description: 'How the rows of an entity correspond to the records of the system.',
  additionalProperties: false,
  properties: {
    when: WHEN,
    onLeave: {
      enum: onLeaves,
      default: 'detach',
      description: 'What happens to the record of a row that no longer fulfils the condition.',
    },
    fields: { type: 'array', items: RULE },
  },
};

export const configSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'twinbox.config.json',
  description: 'The tables, fields and mappings of Twinbox. Explained in docs/catalogue.md.',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'The place of twinbox.schema.json, for editors.' },
    entities: { type: 'object', description: 'By name.', additionalProperties: ENTITY },
    systems: {
      type: 'object',
      description: 'By the name of the system, then by the name of the entity.',
      additionalProperties: { type: 'object', additionalProperties: MAPPING },
    },
  },
} as const;
