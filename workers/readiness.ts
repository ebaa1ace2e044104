import type { Part } from '../lib/readiness.ts';
import type { Workers } from './process.ts';

/** What a process says of the lanes that it runs. */
export function workersPart({ lanes, housekeeping }: ReturnType<Workers['status']>): Part {
  const stopped = lanes.find((lane) => lane.stopped !== null)?.stopped ?? null;
  const figures = {
    in_hand: lanes.reduce((sum, lane) => sum + lane.inHand, 0),
    received_from_table: housekeeping.receivedFromTable,
  };
  return stopped === null ? { ready: true, figures } : { ready: false, problem: stopped, figures };
}
