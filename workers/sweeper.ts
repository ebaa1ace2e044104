// The sweep of one system, in rounds of its own: a system that does not answer, or whose list is
// long, delays the sweep of no other one, nor anything else that keeps the house.
import { sweep } from '../lib/intake/sweep.ts';
import type { HousekeptLane } from './housekeeping.ts';
import { createRounds, type RoundsStatus } from './rounds.ts';

export interface Sweeper {
  /** Says whether there is more to be read at once. */
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
