// Replays as jobs: begun from a plan that still holds, shown, paused, resumed and cancelled. Workers do
// the work (replay-round.ts).
//
// Guarantees: a job, its pairs and the record of who asked and why are stored together or not at all.
// A pair is in one open job at a time. Whoever pauses or cancels waits for the round in progress, and no
// pair is raised after the answer.
import {
  cancelJob,
  findOverlaps,
  insertJob,
  lockJob,
  lockJobs,
  pauseJob,
  readJobSystems,
  resumeJob,
  type Overlap,
  type ReplayJob,
  type ReplayState,
} from '../../db/replays/jobs.ts';
import {
  hashNow,
  readDifference,
  readPlan,
  type Difference,
  type StoredPlan,
} from '../../db/replays/plans.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { inOnce, type Once } from './once.ts';

export type { ReplayJob, ReplayState } from '../../db/replays/jobs.ts';

export type ReplayAsk = {
  /** The hash of a plan. */
  plan: string;
  rate: number;
  stopShare: number;
  /** The most pairs, the first of the plan; null: all. */
  max: number | null;
  actor: string;
  reason: string | null;
};

export type StartOutcome =
  | { outcome: 'started'; job: ReplayJob }
  | { outcome: 'no_plan' }
  | { outcome: 'nothing' }
  | { outcome: 'reason_needed'; pairs: number }
  | { outcome: 'stale'; plan: StoredPlan; difference: Difference[] }
  | { outcome: 'overlaps'; jobs: Overlap[] };

/** How many of each kind of difference are named. */
const SHOWN = 10;

export type ReplayDeps = { db: Db; clock: Clock };

/** Begins a job for a plan that is the same now as it was. */
export function startReplay(
  { db, clock }: ReplayDeps,
  ask: ReplayAsk,
  once?: Once<StartOutcome>,
): Promise<StartOutcome> {
  return withTransaction(
    db,
    inOnce(once, (tx) => start(tx, ask, clock.now())),
  );
}

async function start(tx: Tx, ask: ReplayAsk, now: Date): Promise<StartOutcome> {
  const { plan: planHash, rate, stopShare, max, actor, reason } = ask;
  const plan = await readPlan(tx, planHash);
  if (!plan) return { outcome: 'no_plan' };
  if ((await hashNow(tx, plan.selection)) !== planHash)
    return { outcome: 'stale', plan, difference: await readDifference(tx, plan, SHOWN) };
  const pairs = Math.min(plan.counts.pairs, max ?? Infinity);
  if (pairs === 0) return { outcome: 'nothing' };
  if (pairs > 1 && (reason ?? '').trim() === '') return { outcome: 'reason_needed', pairs };
  await lockJobs(tx);
  const jobs = await findOverlaps(tx, planHash);
  if (jobs.length > 0) return { outcome: 'overlaps', jobs };
  const job = await insertJob(tx, { planHash, rate, stopShare, most: pairs, actor, reason, now });
  for (const system of await readJobSystems(tx, job.id))
    await recordAction(tx, {
      ...{ action: 'replay', system, actor, reason, at: now, job: job.id },
      detail: {
        job: job.id,
        plan: planHash,
        mappings: job.pairs,
        deliveries: job.deliveries,
        rate: `${rate}/s`,
      },
    });
  await failpoint('replay.begun');
  return { outcome: 'started', job };
}

export type JobVerb = 'pause' | 'resume' | 'cancel';

export type ActOutcome =
  | { outcome: 'not_found' }
  | { outcome: 'cannot'; state: ReplayState }
  /** `changed`: false if the job was in this state already. */
  | { outcome: 'ok'; changed: boolean; job: ReplayJob };

const from: Record<JobVerb, readonly ReplayState[]> = {
  pause: ['running'],
  resume: ['paused', 'stopped'],
  cancel: ['running', 'paused', 'stopped'],
};
const to: Record<JobVerb, ReplayState> = { pause: 'paused', resume: 'running', cancel: 'cancelled' };

/** Pauses, resumes or cancels; the same again changes nothing. */
export function actOnReplay(
  { db, clock }: ReplayDeps,
  { id, verb, actor, reason }: { id: number; verb: JobVerb; actor: string; reason: string | null },
  once?: Once<ActOutcome>,
): Promise<ActOutcome> {
  const act = async (tx: Tx): Promise<ActOutcome> => {
    const now = clock.now();
    const job = await lockJob(tx, id);
    if (!job) return { outcome: 'not_found' };
    if (job.state === to[verb]) return { outcome: 'ok', changed: false, job };
    if (!from[verb].includes(job.state)) return { outcome: 'cannot', state: job.state };
    if (verb === 'pause') await pauseJob(tx, id);
    else if (verb === 'resume') await resumeJob(tx, id, now);
    else await cancelJob(tx, id, now);
    const after = await lockJob(tx, id);
    for (const system of await readJobSystems(tx, id))
      await recordAction(tx, {
        ...{ action: `${verb}_replay`, system, actor, reason, at: now },
        detail: { job: id, was: job.state },
      });
    return { outcome: 'ok', changed: true, job: after ?? job };
  };
  return withTransaction(db, inOnce(once, act));
}
