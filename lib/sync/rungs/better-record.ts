// Several records without a customer have one email: the best of them by the rule of
// choose-record.ts becomes the customer, whichever a worker takes first, and the others its
// aliases.
//
// A record whose own step has left it at rest without a customer (it waits for a person, or is
// parked) does not become one now, so the choice is among the others. A record that was not looked
// at yet may be such a record: its step comes first, and the question is asked again.
//
// A crash before the better one is taken leaves both as they were; the question is asked again.
import type { ExternalRecord } from '../../integrations/integration.ts';
import { ownFailure } from '../../integrations/own-failure.ts';
import type { Action } from '../action.ts';
import { know } from '../facts.ts';
import { postpone } from '../failing.ts';
import { identityOfRecord } from '../identity.ts';
import type { Situation } from '../situation.ts';

/** The better one may not come to rest for long; after so many attempts this one is taken. */
const MOST_WAITS = 4;

/**
 * Null: it is the best of its identity, or the only one. Else the better one is looked at first,
 * and this one later.
 */
export function betterFirst(s: Situation, record: ExternalRecord): Action | null {
  const identity = identityOfRecord(s.entity, s.fields, record);
  if (identity === null || s.mapping.attempts >= MOST_WAITS) return null;
  const others = othersToTake(s, record, identity);
  if (others.length === 0) return null;
  const best = know(s, 'bestRecord', { externalIds: [record.externalId, ...others] });
  if (!best.ok) return postpone(s, best.failure);
  if (best.value === null || best.value === record.externalId) return null;
  return postpone(s, takenFirst, { notes: [{ note: 'read_records', externalIds: [best.value] }] });
}

/** The other records with the identity that may become the customer as well. */
function othersToTake(s: Situation, { externalId }: ExternalRecord, identity: string): string[] {
  const { externalIds } = know(s, 'sameIdentity', { identity });
  const others = externalIds.filter((id) => id !== externalId);
  if (others.length === 0) return others;
  const atRest = know(s, 'holders', { externalIds: others }).filter(({ busy }) => !busy);
  return others.filter((id) => !atRest.some((holder) => holder.externalId === id));
}

/** Not a failure: a wait that never parks. */
const takenFirst = ownFailure({
  kind: 'throttle',
  code: 'better_record_first',
  message: 'another record with its identity is taken first, by the rule of choice',
  field: 'identity',
  nothingHappened: true,
});
