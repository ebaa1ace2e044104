// The sweep of one system, with its own rounds: a system that does not answer, or that has a long
// list of events, delays neither the sweep of another system nor the other steps of housekeeping.
import { sweep } from '../lib/intake/sweep.ts';
import type { HousekeptLane } from './housekeeping.ts';
import { createRounds, type RoundsStatus } from './rounds.ts';

export interface Sweeper {
  /** Returns 1 if there are more events to read at once, otherwise 0. */
  runOnce(signal: AbortSignal): Promise<number>;
  status(): RoundsStatus;
}

export function createSweeper(
  { deps, lane }: Pick<HousekeptLane, 'deps' | 'lane'>,
  { retentionDays }: { retentionDays: number },
): Sweeper {
  const rounds = createRounds();
  return {
    runOnce: (signal) =>
      rounds.make(async () => {
        if (!lane.status().bound) return 0;
        return (await sweep(deps, { retentionDays, signal })).more ? 1 : 0;
      }),
    status: () => rounds.status(),
  };
}
