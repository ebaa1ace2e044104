// What a request about the record of a customer may contain, and the form of the answers: for the
// checks and for the API document.

/** `systems`: those that are kept in step. */
export const choiceSchemaOf = (systems: readonly string[]) => ({
  type: 'object',
  required: ['system', 'external_id'],
  additionalProperties: false,
  properties: {
    system: { type: 'string', enum: [...systems] },
    external_id: {
      type: ['string', 'null'],
      minLength: 1,
      maxLength: 255,
      pattern: '^[^\\s\\x00]+$',
      'x-text': 'storable',
      description:
        'The record at the external system to link with the customer; null: a new record is created, although records with the same identity exist.',
      'x-problem': 'must be the id of a record, without spaces',
    },
  },
});

export type Choice = { system: string; external_id: string | null };

const text = { type: ['string', 'null'] };

export const chosenSchema = {
  type: 'object',
  required: ['outcome', 'customer', 'external_id', 'instead_of'],
  properties: {
    outcome: {
      type: 'string',
      enum: [
        'linked',
        'linked_already',
        'consented',
        'consented_already',
        'new_consented',
        'new_consented_already',
      ],
      description:
        'linked: the customer and the record are linked, and a worker reads and merges them. consented: a worker reads the record first, and links it if it exists.',
    },
    customer: { type: 'integer' },
    external_id: text,
    instead_of: {
      ...text,
      description:
        'The record that was linked before; it is now an alias of the customer, and is left as it is.',
    },
  },
} as const;

export const acceptedSchema = {
  type: 'object',
  required: ['outcome', 'customer', 'external_id'],
  properties: {
    outcome: { type: 'string', enum: ['accepted', 'accepted_already'] },
    customer: { type: 'integer' },
    external_id: { ...text, description: 'The record that was deleted at the external system.' },
  },
} as const;
