// A round of a replay: looks what has become of the pairs that were raised, and raises the next ones at
// the job's rate. Any worker does a round; the row of the job, which the round locks, lets one at a time
// do it (db/replays/rounds.ts says what a crash leaves).
//
// A round only raises pairs. What is then sent is decided by the step, with its own intents: a pair that
// is raised twice by a mistake would be looked at once more, and nothing would be sent twice.
import {
  countHeld,
  countRetrying,
  findOpenJobs,
  judgeItems,
  lockOpenJob,
  moveJob,
  raiseNext,
  type Judged,
  type LockedJob,
} from '../../db/replays/rounds.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';

export type RoundDeps = {
  db: Db;
  clock: Clock;
  log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
};

/** Pairs in one transaction: the row locks of more would be felt by live traffic. */
const MOST_AT_ONCE = 500;
/** Results that are looked at in one transaction. */
const MOST_RESULTS = 2_000;
/** A round that comes late makes up for so much, and not for an hour of no workers. */
const MAKES_UP_MS = 2_000;
/** No more raised pairs without a result than the rate brings in so much time: a pause is felt soon. */
const IN_HAND_SECONDS = 10;
/** So many are always in hand, however low the rate is. */
const IN_HAND_LEAST = 20;
/** Fewer results are no share to stop at. */
const RESULTS_LEAST = 10;

export type Round = { state: string; raised: number; judged: number };

/**
 * A round of every job that is open, of each by whichever process comes first. Returns how many items moved. A job
 * whose round fails holds up no other one; the first error is thrown when all have had their round.
 */
export async function runReplayRounds(deps: RoundDeps): Promise<number> {
  let moved = 0;
  const errors: unknown[] = [];
  for (const id of await findOpenJobs(deps.db)) {
    try {
      const round = await runReplayRound(deps, id);
      moved += round ? round.raised + round.judged : 0;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return moved;
}

/** Null if another process is at the job, or if the job needs no round. */
export async function runReplayRound({ db, clock, log }: RoundDeps, id: number): Promise<Round | null> {
  const round = await withTransaction(db, async (tx) => {
    const done = await roundOf(tx, id, clock.now());
    await failpoint('replay.before-commit');
    return done;
  });
  await failpoint('replay.after-commit');
  if (round?.state === 'stopped' && round.why !== null)
    log.warn('replay.stopped', { job: id, why: round.why });
  if (round?.state === 'finished') log.info('replay.finished', { job: id });
  return round;
}

async function roundOf(tx: Tx, id: number, now: Date): Promise<(Round & { why: string | null }) | null> {
  const job = await lockOpenJob(tx, id);
  if (!job) return null;
  const judged = await judgeItems(tx, { id, now, limit: MOST_RESULTS });
  const results = judged.done + judged.failed + judged.skipped;
  const after = { ...job, done: job.done + judged.done, failed: job.failed + judged.failed };
  const inHand = job.raised - results;
  const runs = job.state === 'running';
  const why = runs ? whyStop(after, inHand > 0 ? await countRetrying(tx, id) : 0) : null;
  // Pairs that no worker takes must not keep the others out.
  const held = inHand >= mostInHand(job.rate) ? await countHeld(tx, id) : 0;
  const room = runs && why === null ? roomFor(job, inHand - held, now) : { pairs: 0, pacedAt: job.pacedAt };
  const { raised, skipped } =
    room.pairs > 0
      ? await raiseNext(tx, {
          id,
          limit: room.pairs,
          moved: job.pairs - job.queued,
          statuses: job.statuses,
          now,
        })
      : { raised: 0, skipped: 0 };
  const isFinished = runs && why === null && job.queued - raised - skipped + inHand + raised === 0;
  const state = why !== null ? 'stopped' : isFinished ? 'finished' : job.state;
  if (results + raised + skipped > 0 || state !== job.state || room.pacedAt < job.pacedAt)
    await moveJob(tx, {
      ...{ id, state, why, pacedAt: room.pacedAt, endedAt: isFinished ? now : null },
      ...{ raised, superseded: skipped, ...ofResults(judged) },
    });
  return { state, why, raised: raised + skipped, judged: results };
}

function ofResults({ done, failed, skipped }: Judged): Judged {
  return { done, failed, skipped };
}

function mostInHand(rate: number): number {
  return Math.max(IN_HAND_LEAST, rate * IN_HAND_SECONDS);
}

/** How many pairs the rate allows now, and until when the rate is then used up. */
export function roomFor(
  { rate, pacedAt, queued }: Pick<LockedJob, 'rate' | 'pacedAt' | 'queued'>,
  inHand: number,
  now: Date,
): { pairs: number; pacedAt: Date } {
  // A round whose clock was ahead must not hold up the job until that time.
  const paced = pacedAt.getTime() > now.getTime() + MAKES_UP_MS ? now.getTime() : pacedAt.getTime();
  const from = Math.max(paced, now.getTime() - Math.max(MAKES_UP_MS, 1_000 / rate));
  const allowed = Math.floor(((now.getTime() - from) * rate) / 1_000 + 1e-6);
  const free = mostInHand(rate) - inHand;
  const pairs = Math.max(0, Math.min(allowed, Math.floor(free), queued, MOST_AT_ONCE));
  return { pairs, pacedAt: new Date(from + (pairs * 1_000) / rate) };
}

/** Why a job stops itself; null if it goes on. Pairs that fail and are tried again count as failures. */
export function whyStop(
  { done, failed, before, stopShare }: Pick<LockedJob, 'done' | 'failed' | 'before' | 'stopShare'>,
  retrying: number,
): string | null {
  const failures = failed - before.failed + retrying;
  const results = done - before.done + failures;
  if (results < RESULTS_LEAST || failures <= results * stopShare) return null;
  return `${failures} of ${results} pairs have failed, more than ${Math.round(stopShare * 100)} %`;
}
