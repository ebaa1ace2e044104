// What each act about a pair is called, and what follows from it.

import { title } from './facts.ts';
import type { ActName, Offer } from './offers.ts';

type Words = {
  heading: string;
  button: string;
  /** What follows, sentence by sentence. */
  follows(offer: Offer): string[];
};

const MERGED =
  'Equal values agree, and a blank value is filled from the other side. Of two different values the rule of the field decides, and a conflict keeps the other one.';
const READ_FIRST = 'A worker reads the record first, and links it if it exists.';

export const WORDS: Readonly<Record<ActName, Words>> = {
  'accept-deletion': {
    heading: 'Delete the customer here too',
    button: 'Delete the customer',
    follows: ({ system }) => [
      'A worker marks our row as deleted, and the event customer.deleted goes to every system.',
      `Other records of the customer at ${title(system)} stay as they are.`,
    ],
  },
  choose: {
    heading: 'Choose this record',
    button: 'Link this record',
    follows: ({ record }) => [
      `${record ?? 'The record'} becomes the record of the customer.`,
      MERGED,
      'The record that was linked before stays at the system as it is; nothing is written to it any more.',
    ],
  },
  create: {
    heading: 'Create a new record',
    button: 'Create a record',
    follows: ({ system }) => [
      `A worker creates a record at ${title(system)} with the values of our row.`,
      'Records with the same email stay as they are.',
    ],
  },
  consent: {
    heading: 'Link the record with the customer',
    button: 'Link them',
    follows: () => [READ_FIRST, MERGED, 'From then on an edit on either side reaches the other one.'],
  },
  recreate: {
    heading: 'Take the pair up again',
    button: 'Recreate',
    follows: ({ does }) => [
      sentence(does),
      'The record is read first. If it exists, the pair is linked again, and nothing is created.',
    ],
  },
  'let-go': {
    heading: 'End the pair',
    button: 'Let it go',
    follows: ({ system }) => [
      `Edits are not carried over any more: our table and ${title(system)} keep what they have.`,
      'What was still to be sent is closed. The pair stays listed as detached, and can be taken up again.',
    ],
  },
  record: {
    heading: 'Name the record of the customer',
    button: 'Link this record',
    follows: () => [READ_FIRST, MERGED, 'If it cannot be linked, the pair stays as it is and says why.'],
  },
  pause: {
    heading: 'Pause this customer',
    button: 'Pause',
    follows: ({ system }) => [
      `Nothing of this customer goes to ${title(system)} or comes from it, until it is resumed. A step that has begun is finished.`,
      'Edits are kept, and sent after the pause.',
    ],
  },
  resume: {
    heading: 'Go on with this customer',
    button: 'Resume',
    follows: ({ system }) => [
      `What was kept back goes to ${title(system)} now, and what came from it meanwhile is taken.`,
    ],
  },
};

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
