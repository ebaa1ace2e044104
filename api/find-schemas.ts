// What the query of /find may contain, and the form of its answer.

import { storableText } from '../lib/catalogue/check.ts';
import { closed, listOf } from './overview-schemas.ts';

export const findQuerySchema = {
  type: 'object',
  required: ['q'],
  additionalProperties: false,
  properties: {
    q: {
      type: 'string',
      minLength: 1,
      maxLength: 512,
      pattern: storableText,
      'x-text': 'storable',
      description:
        'An id: a number, a UUID, the whole email of a customer, or what a system calls a record, an event or a request.',
      'x-problem': 'must have 1 to 512 characters, and no NUL character',
    },
  },
} as const;

export const findSchema = closed({
  found: {
    ...listOf(
      closed({
        kind: {
          type: 'string',
          description: 'Such as customer, mapping, event, conflict, attempt, refusal, group or replay.',
        },
        id: { type: ['string', 'integer'] },
        path: { type: 'string', description: 'Where it is shown.' },
      }),
    ),
    description: 'Empty if nothing has this id.',
  },
  tried: {
    ...listOf({ type: 'string' }),
    description: 'What an id of this form can be of; all of it was looked up.',
  },
});
