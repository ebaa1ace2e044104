// What the kinds, the rules and the sides of a conflict are called.

import type { ApiRow } from './api.ts';
import { title } from './facts.ts';

export type Conflict = ApiRow<'/api/v1/conflicts'>;

type Kind = { name: string; says: string; /** What to do where it cannot be reversed. */ instead: string };

export const KINDS: Readonly<Record<Conflict['kind'], Kind>> = {
  both_moved: {
    name: 'both sides moved',
    says: 'Both sides changed the field since they last agreed.',
    instead: 'Change the customer.',
  },
  overwritten_unseen: {
    name: 'overwritten unseen',
    says: 'Our write covered an edit that had not reached us; the echo of the write showed it.',
    instead: 'The field is not in our table: change it at the system.',
  },
  null_refused: {
    name: 'emptied there',
    says: 'The other side emptied a field that may not be empty in our table.',
    instead: 'Set the field of the customer to the right value.',
  },
  cannot_carry: {
    name: 'cannot be sent',
    says: 'Our value is more than the system accepts. Both sides stay as they are.',
    instead: 'Change the customer.',
  },
  cannot_take: {
    name: 'cannot be taken',
    says: 'The value there is no value of our field. Both sides stay as they are.',
    instead: 'Change the record at the system, or the field.',
  },
  refused: {
    name: 'refused there',
    says: 'The record forbids the change for now. Our value is sent once the record allows it.',
    instead: 'Change the customer, or the record.',
  },
  deleted_there: {
    name: 'deleted there',
    says: 'The record was deleted while the customer was edited in our table. The delete won.',
    instead: 'Create a customer with the values of the conflict.',
  },
  deleted_here: {
    name: 'deleted here',
    says: 'The customer was deleted in our table while its record was edited. The delete won.',
    instead: 'Create a customer with the values of the conflict.',
  },
  duplicate_email: {
    name: 'email taken',
    says: 'The other side gave the customer the email of another one. The field is held.',
    instead: 'Change the email of one of the two customers.',
  },
  external_duplicate: {
    name: 'second record',
    says: 'There is a second record for a customer that has one.',
    instead: 'Choose which record is linked. The other one may then be deleted at the system.',
  },
  reform_refused: {
    name: 'reform refused',
    says: 'A trigger of our table changed a value from there, and the other side put its own value back. Both sides stay as they are.',
    instead: 'Change the customer, or the trigger.',
  },
};

const RULES: Readonly<Record<string, string>> = {
  internal_wins: 'ours wins',
  external_wins: 'theirs wins',
  owner: 'the owner of the field wins',
  null_never_overwrites: 'an empty value never replaces one that may not be empty',
  delete_wins: 'a delete wins over an edit',
  first_linked_stays: 'the record that was linked first stays',
  chosen: 'a person chose the record',
  a_person_decided: 'a person decided',
  not_mapped: 'our table has no such field',
};

/** Of a rule that is known, what it says. */
export function ruleSays(rule: string): string | null {
  return RULES[rule] ?? null;
}

/** Which side stands: `kept ours`, `took Stripe's`. */
export function verdictOf({ winner, system }: Conflict): string {
  if (winner === 'neither') return 'both left as they are';
  return winner === 'ours' ? 'kept ours' : `took ${system === null ? 'theirs' : `${title(system)}’s`}`;
}

/** What stands, and what was given up; undefined where each side has kept its own. */
export function keptOf({ winner, ours, theirs }: Conflict): { kept: unknown; lost: unknown } | null {
  if (winner === 'neither') return null;
  return winner === 'ours' ? { kept: ours, lost: theirs } : { kept: theirs, lost: ours };
}

export function aboutOf({ field, kind }: Conflict): string {
  return field ?? KINDS[kind].name;
}

const ORIGINS: Readonly<Record<string, string>> = {
  internal: 'the API or a command',
  sql: 'a statement in the database',
};

/** Who made a value. */
export function originOf(from: string | null): string | null {
  return from === null ? null : (ORIGINS[from] ?? title(from));
}
