// Another program keeps changing the record while this claim writes to it: the system refuses each
// request as stale, and each refusal is followed by a read, a merge and a new request. That must not
// go on for ever within one step.
import { ownFailure } from '../integrations/own-failure.ts';
import type { Action } from './action.ts';
import { postpone } from './failing.ts';
import type { Situation } from './situation.ts';

/** So many requests of one claim are refused as stale before the pair waits. */
export const MOST_STALE = 3;

/** Puts the pair off where its record has moved too often; null: a request may be sent. */
export function versionMoves(s: Situation): Action | null {
  return s.staleSends < MOST_STALE ? null : postpone(s, moving);
}

const moving = ownFailure({
  kind: 'conflict',
  code: 'version_moves',
  message: 'the record was changed at the system again each time that it was to be written',
  nothingHappened: true,
});
