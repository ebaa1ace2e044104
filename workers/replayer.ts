// Does the rounds of replay jobs (lib/operations/replay-round.ts). Every worker process looks for them;
// the row of a job lets one process at a time do a round of it.
import { dropOldItems } from '../db/replays/jobs.ts';
import { fullJitter } from '../lib/backoff.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { runReplayRounds } from '../lib/operations/replay-round.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { describeFault } from '../lib/describe-fault.ts';

/** How often jobs are looked for, and how often a job raises pairs. */
const EVERY_MS = 500;
const DROP_EVERY_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

export function startReplayer(
  { db, clock, log }: Pick<SyncDeps, 'db' | 'clock' | 'log'>,
  { retentionDays, wake }: { retentionDays: number; wake: () => void },
  signal: AbortSignal,
): Loop {
  let droppedAt = -Infinity;
  return runLoop(
    async () => {
      if ((await runReplayRounds({ db, clock, log })) > 0) wake();
      if (performance.now() - droppedAt > DROP_EVERY_MS) {
        await dropOldItems(db, new Date(clock.now().getTime() - retentionDays * DAY_MS));
        droppedAt = performance.now();
      }
      // The rate decides how much a round does: the next one comes after the rest, also if this one did something.
      return 0;
    },
    {
      idleMs: EVERY_MS,
      busyMs: EVERY_MS,
      backoffMs: (failures) => fullJitter(failures, { baseMs: EVERY_MS, capMs: 30_000 }),
      onError: (error, failures) => log.warn('replay.round_failed', { ...describeFault(error), failures }),
      signal,
    },
  );
}
