// Something was heard at a mapping by our key or our mark before it was known which record is its row's.
import { askForRead } from '../../db/inbound.ts';
import type { Failure } from '../integrations/integration.ts';
import { postpone } from './failing.ts';
import { fetchTheirs } from './intent.ts';
import { giveBack, type Next } from './next.ts';
import { effectOf, foresee } from './rehearsal.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';
import { heardEvents } from './theirs.ts';

/**
 * Our row has no counterpart yet, but something was heard of one: its create was answered to nobody, or the pair was lost in a
 * restore. One read tells whether the record bears this row's mark; then it is linked, not made again. Null if there is nothing
 * to look at; `later` says what follows a read that failed.
 */
export async function findHeard(
  deps: SyncDeps,
  step: Step,
  later: (failure: Failure) => Promise<Next> = (failure) => postpone(deps, step, failure),
): Promise<Next | null> {
  const { row } = step;
  const heard = heardEvents(step).at(0)?.event.externalId;
  if (heard === undefined || !row) return null;
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, heard, false);
  if (!answer.ok) return later(answer.failure);
  const { value } = answer;
  if (value.state === 'present' && value.record.mark === row.createdEventId) {
    return settle(deps, step, { kind: 'found', externalId: heard, by: step.mapping.intent });
  }
  return passOn(deps, step, heard); // not this row's after all
}

/** What was heard is about another record than this row's: that one gets a mapping of its own, which has to read. */
export async function passOn(deps: SyncDeps, step: Step, externalId: string): Promise<Next> {
  foresee(deps, () => effectOf(step, { kind: 'passed_on', externalId }));
  const { system, externalType } = step.mapping;
  await askForRead(deps.db, { system, externalType, externalId, now: deps.clock.now() });
  return settle(deps, step, { kind: 'passed_on', externalId });
}
