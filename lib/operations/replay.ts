// A replay from a program that stays until its first round is done: the command `twinbox replay`, the
// demo. The plan reads each record; the job is begun, and as many pairs are raised at once as its rate
// allows. Workers do the rest. A replay is safe at any age: the step reads before it writes, makes a new
// intent if it needs one, and needs no event that retention has dropped.
import { MOST_DELIVERIES, type Selection } from '../../db/replays/selection.ts';
import { describeFault } from '../describe-fault.ts';
import type { SyncDeps } from '../sync/step.ts';
import { plan, readPlannedItems, type Planners, type PlannedItem, type StoredPlan } from './replay-plan.ts';
import { startReplay, type ReplayAsk, type StartOutcome } from './replay-jobs.ts';
import { rates, STOP_SHARE } from './replay-rates.ts';
import { runReplayRound, runReplayRounds } from './replay-round.ts';

/** What is left out is not asked for; `statuses` is then parked. */
export type Choice = Partial<Omit<Selection, 'systems'>> & { system: string };

export type ReadPlan = StoredPlan & { items: PlannedItem[] };

/** Plans the deliveries of one system, the oldest first; the record of each pair is read once. */
export async function planReplay(deps: SyncDeps, { system, ...choice }: Choice): Promise<ReadPlan> {
  const selection: Selection = {
    ...{ ids: null, group: null, row: null, error: null, direction: null, since: null, until: null },
    statuses: choice.ids || choice.group ? null : ['parked'],
    closed: choice.ids || choice.row ? null : false,
    most: MOST_DELIVERIES,
    ...choice,
    systems: [system],
  };
  const stored = await plan(deps.db, selection, deps.clock.now());
  const planners: Planners = new Map([[system, deps]]);
  const page = { hash: stored.hash, after: 0, limit: selection.most, read: true };
  return { ...stored, items: await readPlannedItems(deps.db, planners, page) };
}

/** How many pairs are raised when this returns; a plan that does not hold any more raises none. */
export async function runReplay(
  deps: SyncDeps,
  { hash }: Pick<StoredPlan, 'hash'>,
  reason: string,
  actor = 'program',
): Promise<number> {
  const ask = { plan: hash, rate: rates.most, stopShare: STOP_SHARE, max: null, actor, reason };
  const { begun, raised } = await beginReplay(deps, ask);
  return begun.outcome === 'started' ? raised : 0;
}

/**
 * Begins a job, and does its first round. What other jobs have in hand is looked at first, so that a
 * pair that a replay is done with can be replayed again at once.
 */
export async function beginReplay(
  deps: Pick<SyncDeps, 'db' | 'clock' | 'log'>,
  ask: ReplayAsk,
): Promise<{ begun: StartOutcome; raised: number }> {
  await runReplayRounds(deps).catch((error: unknown) =>
    deps.log.warn('replay.round_failed', { ...describeFault(error) }),
  );
  const begun = await startReplay(deps, ask);
  const round = begun.outcome === 'started' ? await runReplayRound(deps, begun.job.id) : null;
  return { begun, raised: round?.raised ?? 0 };
}
