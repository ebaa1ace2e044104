// Waits, for a bounded time, for what workers do with pairs that a caller asked for, and says as
// text what came of each.
import type { Db } from '../../db/server/connection.ts';
import { readResults, type PairResult } from '../../db/mappings/results.ts';
import { labelOf } from '../integrations/registry.ts';

/** Asks until everything is settled or the time is over; `rest` is between two questions. */
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

/** What came of one pair, for people. */
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

/** Why a record that an operator named cannot be the customer's (lib/sync/rungs/decision.ts). */
function sayWhyNotTaken(why: string | null, label: string): string {
  switch (why) {
    case 'missing':
      return `${label} has no such record (missing)`;
    case 'erased':
      return `it was deleted at ${label} (erased)`;
    case 'unsendable':
      return 'it is no id of a record (unsendable)';
    case 'another_customers':
      return 'it is another customer’s (another_customers)';
    case 'tagged_for_another':
      return 'its owner tag is of another customer (marked_for_another)';
    case 'other_environment':
      return 'its owner tag is of another installation (other_environment)';
    default:
      return `cannot be taken (${why ?? 'unknown'})`;
  }
}
