// What an acting command asks, of a database or of an API: both give the same outcomes, so that one function
// prints them. with-source.ts decides which it is.
import type { PlannedDelivery } from '../db/replays/plans.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import type { CloseOutcome } from '../lib/operations/closing.ts';
import type { LaneAsked, PauseOutcome, ResumeOutcome } from '../lib/operations/lanes.ts';
import type { ActOutcome, JobVerb } from '../lib/operations/replay-jobs.ts';
import type { SelectionWords } from '../lib/operations/selection-words.ts';

/** What words select: how many pairs, and the first of them. */
export type Preview = {
  pairs: number;
  first: Pick<PlannedDelivery, 'rowId' | 'mappingId' | 'state' | 'reason' | 'eventId'>[];
};

/** Who asks is known to the other side: the user of this host, or the key of the API. */
export interface Acts {
  /** The systems that are kept in step there: the one that is named, otherwise all. Throws a CliError if it is none. */
  chosen(named: string | undefined): Promise<readonly SystemDefinition[]>;
  pause(asked: LaneAsked, reason: string | null): Promise<PauseOutcome>;
  resume(asked: LaneAsked & { deletes: boolean }, reason: string | null): Promise<ResumeOutcome>;
  actOnReplay(id: number, verb: JobVerb, reason: string | null): Promise<ActOutcome>;
  /** Changes nothing. Throws a CliError for a group that is not there. */
  preview(words: SelectionWords, most: number): Promise<Preview>;
  /** Throws a CliError for a group that is not there. */
  close(words: SelectionWords, reason: string): Promise<Omit<CloseOutcome, 'outcome'>>;
}

/** The first of each pair's deliveries. */
export function eachPair<T extends { mappingId: number }>(deliveries: readonly T[]): T[] {
  return deliveries.filter(
    ({ mappingId }, at) => deliveries.findIndex((each) => each.mappingId === mappingId) === at,
  );
}
