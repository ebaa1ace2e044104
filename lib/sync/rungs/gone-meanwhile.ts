// The row fulfils the condition again, and its record was deleted at the system while it did not:
// nobody meant to delete the row. The pair ends with that record, and a new one begins.
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { leaves } from '../removal.ts';
import type { Situation } from '../situation.ts';
import { wasUnwanted } from '../wanted.ts';

export function goneMeanwhile(s: Situation): Action | null {
  const { row, mapping } = s;
  if (row === null || mapping.externalId === null || !wasUnwanted(mapping)) return null;
  const answer = readTheirs(s);
  return answer?.ok === true && answer.value.state === 'erased' ? leaves(null) : null;
}
