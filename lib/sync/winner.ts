// A record that was merged into another one at the system: the loser is gone, and its id leads to the
// winner. Where it leads is read, hop by hop, since the winner may have been merged too.
import type { ExternalRecord, Failure, Fetched } from '../integrations/integration.ts';
import { know } from './facts.ts';
import { receivedEvents } from './received.ts';
import type { Situation } from './situation.ts';

/** Longer chains of merges, and circles, are left to a person. */
const MOST_HOPS = 10;

export type Winner =
  /** `record`: null if the chain ends at a record that is gone, or does not end. */
  { into: string; record: ExternalRecord | null } | { failure: Failure };

/**
 * The record that this one was merged into; null if it was not. What a read says counts; where a read
 * says no more than that the record is gone, an event that was received about it may say it, and so
 * may the reason for which the pair waits since.
 */
export function mergedInto(
  { deliveries, mapping: { reason } }: Pick<Situation, 'deliveries' | 'mapping'>,
  externalId: string,
  read: Fetched,
): string | null {
  if (read.state === 'merged') return read.into;
  if (read.state === 'present') return null;
  const told = receivedEvents(deliveries).find(
    ({ event }) => event.kind === 'merged' && event.externalId === externalId && event.into !== undefined,
  );
  if (told) return told.event.into ?? null;
  return reason?.code === 'record_merged' ? reason.detail.into : null;
}

/** Follows the merges of a record to the one that has not been merged. */
export function winnerOf(s: Situation, externalId: string, first: string): Winner {
  const seen = new Set([externalId]);
  for (let into = first; ;) {
    if (seen.has(into) || seen.size > MOST_HOPS) return { into, record: null };
    seen.add(into);
    const answer = know(s, 'record', { externalId: into, for: 'winner' });
    if (!answer.ok) return { failure: answer.failure };
    const { value } = answer;
    if (value.state !== 'merged') return { into, record: value.state === 'present' ? value.record : null };
    into = value.into;
  }
}
