// Their record has the identity of another of our rows. Before that is called a conflict, the row's
// own record is read again: it may have moved on too, and only its webhook is late. That is asked
// once; who still has the identity then keeps it, unless that one is itself waiting for a third: then
// identities move along a chain, whose end has to be written first. In a circle no row is first, so the
// waits are counted.
import type { Mapping } from '../../db/mappings/mappings.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import type { Action } from './action.ts';
import { know } from './facts.ts';
import { postpone } from './failing.ts';
import type { Situation } from './situation.ts';

const CODE = 'email_moves';
/** Long enough for the other pair's own step. */
const WAIT_MS = 2_000;

/** Chains of so many are followed to their end; the back-off of the last wait is half a minute. */
const MAX_WAITS = 5;

/**
 * Asks whether the row that has the identity still has it at the system; null once that was asked, or
 * if that row has no record or no mapping.
 */
export function askHolder(s: Situation, identity: string): Action | null {
  const holder = know(s, 'rowByIdentity', { identity });
  if (!holder) return { do: 'load_again' }; // the other row has another identity by now
  const { externalId, mappingId } = holder;
  if (externalId === null || mappingId === null) return null;
  const notBefore = new Date(s.now.getTime() + WAIT_MS);
  if (!waits(s.mapping))
    return postpone(s, moving, { notBefore, notes: [{ note: 'read_records', externalIds: [externalId] }] });
  const other = know(s, 'otherMapping', { id: mappingId });
  if (!other || !waits(other) || s.mapping.attempts >= MAX_WAITS) return null;
  return postpone(s, moving, { notBefore });
}

function waits({ lastError }: Mapping): boolean {
  return lastError?.['code'] === CODE;
}

/** Not a failure: a wait that never parks. */
const moving = ownFailure({
  kind: 'throttle',
  code: CODE,
  message: 'another row has the identity; whether it has moved on there is being read',
  field: 'identity',
  nothingHappened: true,
});
