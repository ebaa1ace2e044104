// Waits, for a bounded time, until workers are done with the pairs that a caller raised, and says
// the result of each as text.
import type { Db } from '../../db/server/connection.ts';
import { readResults, type PairResult } from '../../db/mappings/results.ts';
import { labelOf } from '../integrations/registry.ts';

/** Reads until every pair is settled or the time is over, with `rest` between two reads. */
export async function awaitResults(
  db: Db,
  ids: number[],
  { deadline, rest }: { deadline: number; rest: () => Promise<void> },
): Promise<PairResult[]> {
  for (;;) {
    const results = await readResults(db, ids);
    if (results.every(({ settled }) => settled) || performance.now() >= deadline) return results;
    await rest();
  }
}

/** The result of one pair, for people. */
export function describeResult({
  system,
  settled,
  state,
  reason,
  externalId,
  tried,
  why,
}: PairResult): string {
  if (!settled) return 'not done yet';
  const refused = tried === null ? '' : `; ${tried} was tried, and ${sayWhyNotTaken(why, labelOf(system))}`;
  switch (state) {
    case 'linked':
    case 'pending':
      return `agrees with ${externalId ?? 'no record'}`;
    case 'parked':
      return `parked: ${reason ?? 'unknown'}${refused}`;
    case 'waiting':
      return `waits: ${reason ?? 'unknown'}${refused}`;
    case 'tombstoned':
      return 'deleted on both sides';
    case 'detached':
      return 'its pair has ended';
    case 'alias':
      return 'a second record of its customer';
  }
}

/**
 * Why a record that an operator named cannot belong to the customer (lib/sync/rungs/decision.ts).
 */
function sayWhyNotTaken(why: string | null, label: string): string {
  switch (why) {
    case 'missing':
      return `${label} has no such record (missing)`;
    case 'merged':
      return `the record was merged into another one at ${label} (merged)`;
    case 'erased':
      return `the record was deleted at ${label} (erased)`;
    case 'unsendable':
      return 'the id is not an id of a record (unsendable)';
    case 'another_customers':
      return 'the record belongs to another customer (another_customers)';
    case 'tagged_for_another':
      return 'the record has the owner tag of another customer (marked_for_another)';
    case 'other_environment':
      return 'the record has the owner tag of another installation (other_environment)';
    default:
      return `the record cannot be taken (${why ?? 'unknown'})`;
  }
}
