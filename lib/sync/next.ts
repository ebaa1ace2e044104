import { releaseMapping } from '../../db/mappings.ts';
import type { Settled } from './settle.ts';
import type { Step, SyncDeps } from './step.ts';

/** Whether a step begins again under the same lease, or is over. */
export type Next = 'again' | 'done';

/** A step that settled with its lease released is over; so is one whose lease is gone. */
export function finish(_settled: Settled): Next {
  return 'done';
}

/** A settle that kept the lease begins the step again. */
export function again(settled: Settled): Next {
  return settled === 'settled' ? 'again' : 'done';
}

/** The lease is too short for another call: the mapping goes back untouched, for whoever claims it next. */
export async function giveBack(deps: SyncDeps, step: Step): Promise<Next> {
  await releaseMapping(deps.db, step.claim.id, step.claim.fence);
  return 'done';
}
