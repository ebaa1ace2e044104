// Answers the questions about one system that people ask through the API (lib/operations/asked-comparison.ts).
// It has a loop of its own: a person waits, and a sweep or a full lane must not delay the answer.
import { fullJitter } from '../lib/backoff.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { answerComparison } from '../lib/operations/asked-comparison.ts';
import type { HousekeptLane } from './housekeeping.ts';

/** How often questions are looked for. */
const EVERY_MS = 500;

export function startAnswerer(
  { deps, lane }: Pick<HousekeptLane, 'deps' | 'lane'>,
  owner: string,
  signal: AbortSignal,
): Loop {
  const { system } = deps.integration;
  return runLoop(
    // Another worker may have the right key: one whose account is not bound takes no question.
    async () => (lane.status().bound ? answerComparison(deps, owner) : 0),
    {
      idleMs: EVERY_MS,
      busyMs: EVERY_MS,
      backoffMs: (failures) => fullJitter(failures, { baseMs: EVERY_MS, capMs: 30_000 }),
      onError: (error, failures) =>
        deps.log.warn('comparison.not_answered', { system, error: String(error), failures }),
      signal,
    },
  );
}
