// Waits, for a bounded time, for what workers do with pairs that somebody asked for, and says in words what came of each.
import type { Db } from '../../db/server/connection.ts';
import { readResults, type PairResult } from '../../db/mappings/results.ts';

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
export function describeResult({ settled, state, reason, externalId }: PairResult): string {
  if (!settled) return 'not done yet';
  switch (state) {
    case 'linked':
    case 'pending':
      return `agrees with ${externalId ?? 'no record'}`;
    case 'parked':
      return `parked: ${reason ?? 'unknown'}`;
    case 'waiting':
      return `waits: ${reason ?? 'unknown'}`;
    case 'tombstoned':
      return 'deleted on both sides';
    case 'detached':
      return 'its pair has ended';
    case 'alias':
      return 'a second record of its customer';
  }
}
