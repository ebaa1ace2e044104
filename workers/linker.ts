// Works on first links that people ask for through the API (lib/operations/link-work.ts), with a loop of its
// own: reading an account may take minutes, and delays neither the lane nor an answer.
import { fullJitter } from '../lib/backoff.ts';
import { describeFault } from '../lib/describe-fault.ts';
import { isAppError } from '../lib/errors.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { workOnLinkPlan } from '../lib/operations/link-work.ts';
import type { HousekeptLane } from './housekeeping.ts';

/** How often plans are looked for. */
const EVERY_MS = 1_000;

export function startLinker({ deps, lane, wake }: HousekeptLane, signal: AbortSignal): Loop {
  const { system } = deps.integration;
  return runLoop(
    async () => {
      // Another worker may have the right key: one whose account is not bound works on no plan.
      const worked = lane.status().bound ? await workOnLinkPlan(deps, signal) : 0;
      if (worked > 0) wake();
      return worked;
    },
    {
      idleMs: EVERY_MS,
      busyMs: EVERY_MS,
      backoffMs: (failures) => fullJitter(failures, { baseMs: EVERY_MS, capMs: 30_000 }),
      onError: (error, failures) => {
        if (signal.aborted && isAppError(error, 'aborted')) return;
        deps.log.warn('link.plan_broken_off', { system, ...describeFault(error), failures });
      },
      signal,
    },
  );
}
