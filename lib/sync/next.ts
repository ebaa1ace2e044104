import { backOffMapping, releaseMapping } from '../../db/mappings/claims.ts';
import { fullJitter } from '../backoff.ts';
import type { Step, SyncDeps } from './step.ts';

/** Whether a step begins again under the same lease, or is over. */
export type Next = 'again' | 'done';

/** The lease is too short for another call: the mapping goes back untouched, for whoever claims it next. */
export async function giveBack(deps: SyncDeps, step: Step): Promise<Next> {
  await releaseMapping(deps.db, step.claim.id, step.claim.fence);
  return 'done';
}

/** Gives the mapping back too, but it is not claimed again at once. */
export async function rest({ db, clock, policy }: SyncDeps, { claim, mapping }: Step): Promise<void> {
  const wait = 1_000 + fullJitter(mapping.attempts + 1, policy.backoff);
  await backOffMapping(db, claim.id, claim.fence, new Date(clock.now().getTime() + wait));
}
