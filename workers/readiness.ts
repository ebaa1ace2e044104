import type { Part } from '../lib/readiness.ts';
import type { Workers } from './process.ts';

/** What a process says of the lanes that it runs; `advice` is told with whatever keeps one from working. */
export function workersPart(
  { lanes, housekeeping }: ReturnType<Workers['status']>,
  advice: string | null = null,
): Part {
  const stopped = lanes.find((lane) => lane.stopped !== null)?.stopped ?? null;
  const figures = {
    in_hand: lanes.reduce((sum, lane) => sum + lane.inHand, 0),
    received_from_table: housekeeping.receivedFromTable,
  };
  if (stopped === null) return { ready: true, figures };
  return { ready: false, problem: advice === null ? stopped : `${stopped}. ${advice}`, figures };
}
