// What a replay asks, of a database or of an API: `twinbox replay` and `groups replay` show and do the same
// with both.
import type { ReplayJob } from '../db/replays/jobs.ts';
import { customerOf } from '../lib/config/entity.ts';
import { beginReplay } from '../lib/operations/replay.ts';
import type { StartOutcome } from '../lib/operations/replay-jobs.ts';
import {
  limitsOf,
  outlookOf,
  plan,
  readPlannedItems,
  type Outlook,
  type PlannedItem,
  type StoredPlan,
} from '../lib/operations/replay-plan.ts';
import { readSelection, type SelectionWords } from '../lib/operations/selection-words.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { commandActor } from './actor.ts';
import { printResults, resultJson, waitForResults } from './outcome.ts';
import type { Output } from './output.ts';
import { demandSelected } from './selected.ts';
import type { Session } from './session.ts';

export type Planned = {
  stored: StoredPlan;
  items: PlannedItem[];
  /** Whether the records were read: what only the system knows is then in the effects. */
  isRead: boolean;
  outlook: Outlook;
};

/** What a command prints at its end: members of the JSON, or lines. */
export type Results = { json: object; print(output: Output): void };

export interface Replaying {
  /** Throws a CliError for words that select nothing that can be. */
  plan(words: SelectionWords, rate: number): Promise<Planned>;
  begin(
    planned: Planned,
    ask: { rate: number; stopShare: number; reason: string | null },
  ): Promise<StartOutcome>;
  /** Waits for so many seconds. Null if no worker runs. */
  results(job: ReplayJob, planned: Planned, seconds: number, output: Output): Promise<Results | null>;
}

/** The records of more pairs are not read for a plan: the stored facts say what would be done. */
export const READ_MOST = 1_000;
/** More lines are no list that a person reads. */
export const SHOWN_MOST = 1_000;

export function createLocalReplaying(session: Session & { sync: SyncDeps }): Replaying {
  const { config, sync } = session;
  const { db, clock, integration } = sync;
  const planners = new Map([[integration.system, sync]]);
  return {
    async plan(words, rate) {
      const of = { systems: [integration.system], entity: customerOf(config).name, now: clock.now() };
      const selection = demandSelected(await readSelection(db, words, of));
      const stored = await plan(db, selection, clock.now());
      const isRead = stored.counts.pairs <= READ_MOST;
      const page = { hash: stored.hash, after: 0, limit: SHOWN_MOST, read: isRead };
      const items = await readPlannedItems(db, planners, page);
      return { stored, items, isRead, outlook: outlookOf(stored, { rate, limits: limitsOf(planners) }) };
    },
    async begin({ stored }, ask) {
      const whole = { ...ask, plan: stored.hash, max: null, actor: commandActor() };
      return (await beginReplay(sync, whole)).begun;
    },
    async results(_job, { items }, seconds, output) {
      const ids = [...new Set(items.map(({ mappingId }) => mappingId))];
      const found = await waitForResults(session, ids, seconds, output);
      return found && { json: { results: found.map(resultJson) }, print: (to) => printResults(found, to) };
    },
  };
}
