import { releaseMapping } from '../../db/claims.ts';
import type { Step, SyncDeps } from './step.ts';

/** Whether a step begins again under the same lease, or is over. */
export type Next = 'again' | 'done';

/** The lease is too short for another call: the mapping goes back untouched, for whoever claims it next. */
export async function giveBack(deps: SyncDeps, step: Step): Promise<Next> {
  await releaseMapping(deps.db, step.claim.id, step.claim.fence);
  return 'done';
}
