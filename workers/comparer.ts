// The comparison that a loss of events calls for, with a loop of its own: it may take hours, and delays
// neither the lane, nor a sweep, nor another system.
import { fullJitter } from '../lib/backoff.ts';
import { isAppError } from '../lib/errors.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { compareLost } from '../lib/operations/compare-lost.ts';
import type { HousekeptLane } from './housekeeping.ts';
import { describeFault } from '../lib/describe-fault.ts';

/** How often a worker looks whether there is a loss. */
const LOOK_MS = 10_000;

export interface Comparer {
  /** Returns 1 if there was another loss meanwhile, otherwise 0. */
  runOnce(signal: AbortSignal): Promise<number>;
}

export function createComparer({ deps, lane }: Pick<HousekeptLane, 'deps' | 'lane'>): Comparer {
  return {
    async runOnce(signal) {
      if (!lane.status().bound) return 0;
      return (await compareLost(deps, signal)) === 'lost_again' ? 1 : 0;
    },
  };
}

/** Null for a system whose feed has no cursor: its losses are compared by people. */
export function startComparer(
  housekept: Pick<HousekeptLane, 'deps' | 'lane'>,
  signal: AbortSignal,
): Loop | null {
  const { system, feed } = housekept.deps.integration;
  if (feed?.by !== 'cursor') return null;
  const { runOnce } = createComparer(housekept);
  return runLoop(runOnce, {
    idleMs: LOOK_MS,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 5_000, capMs: 60_000 }),
    onError: (error, failures) => {
      if (signal.aborted && isAppError(error, 'aborted')) return;
      housekept.deps.log.warn('feed.comparison_failed', { system, ...describeFault(error), failures });
    },
    signal,
  });
}
