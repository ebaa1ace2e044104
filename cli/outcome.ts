// Waits for the results of what a command asked workers to do, and prints them: for `replay`,
// `resolve` and `deletes`.
import type { Db } from '../db/server/connection.ts';
import type { PairResult } from '../db/mappings/results.ts';
import { sleep } from '../lib/loop.ts';
import { awaitResults, describeResult } from '../lib/operations/results.ts';
import { count, table, type Output } from './output.ts';
import { findRunning } from './running.ts';
import type { Session } from './session.ts';

/** How many seconds a command waits for the results, unless --wait is given. */
export const RESULT_WAIT = 10;
const REST_MS = 250;

/**
 * Waits until workers are done with the pairs. If no worker runs, it prints that and returns null
 * at once.
 */
export async function waitForResults(
  { config, database: { db } }: Pick<Session, 'config' | 'database'>,
  ids: number[],
  seconds: number,
  output: Output,
): Promise<PairResult[] | null> {
  if (!(await findRunning(config.dataDir)) && config.database.url === undefined) {
    output.say('No worker runs. Start one: npx twinbox up');
    return null;
  }
  return resultsOf(db, ids, seconds);
}

function resultsOf(db: Db, ids: number[], seconds: number): Promise<PairResult[]> {
  return awaitResults(db, ids, {
    deadline: performance.now() + seconds * 1_000,
    rest: () => sleep(REST_MS),
  });
}

export function printResults(results: PairResult[], output: Output): void {
  const rows = results.map((result) => [
    result.customerId === null ? `mapping ${result.mappingId}` : `customer ${result.customerId}`,
    describeResult(result),
  ]);
  for (const line of table(rows)) output.print(line);
  const open = results.filter(({ settled }) => !settled).length;
  if (open > 0)
    output.say(`${count(open, 'pair')} not done yet: npx twinbox status shows what is on its way.`);
}

export function resultJson({
  mappingId,
  customerId,
  externalId,
  state,
  reason,
  tried,
  why,
  settled,
}: PairResult): object {
  const refused = tried === null ? {} : { tried, why };
  return {
    mapping: mappingId,
    customer: customerId,
    external_id: externalId,
    state,
    reason,
    ...refused,
    settled,
  };
}
