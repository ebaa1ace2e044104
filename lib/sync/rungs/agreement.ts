// There is nothing to write on either side: both hold what they should.
import type { Action } from '../action.ts';
import { compare } from '../comparison.ts';
import { wait } from '../failing.ts';
import type { Situation } from '../situation.ts';

export function agreement(s: Situation): Action {
  const compared = compare(s);
  return compared
    ? { do: 'settle', outcome: { kind: 'agreed', merged: compared.merged } }
    : wait({ code: 'lost_row', detail: {} });
}
