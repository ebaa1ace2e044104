// What may be said about a customer's record, and the shape of the answers: for the checks and for
// the API document.

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
        'The record there that the customer is to be linked with; null: a new one is made, although records with its email exist.',
      'x-problem': 'must be the id of a record, without blanks',
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
        'linked: done, and a worker reads and merges. consented: a worker first reads the record, and links it if it is there.',
    },
    customer: { type: 'integer' },
    external_id: text,
    instead_of: {
      ...text,
      description:
        'The record that is linked until then; afterwards it is a second record of the customer, and is left as it is.',
    },
  },
} as const;

export const acceptedSchema = {
  type: 'object',
  required: ['outcome', 'customer', 'external_id'],
  properties: {
    outcome: { type: 'string', enum: ['accepted', 'accepted_already'] },
    customer: { type: 'integer' },
    external_id: { ...text, description: 'The record that was deleted there.' },
  },
} as const;
