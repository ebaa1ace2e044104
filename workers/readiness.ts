import type { Alike } from '../db/health/role-signs.ts';
import type { Bus } from '../lib/bus/bus.ts';
import type { Role } from '../lib/health/role-signs.ts';
import type { Part } from '../lib/health/readiness.ts';
import type { Workers } from './process.ts';

/**
 * The part of /ready about the lanes of a process. `advice` is added to the reason for which a lane
 * does not work.
 */
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

/** This many failed rounds in a row are reported as a problem. */
const FAILED_OFTEN = 3;

/**
 * The signs of life of a process that runs workers: one for the lanes, and one for housekeeping,
 * which is not written while housekeeping hangs.
 */
export function rolesOfWorkers(
  workers: Pick<Workers, 'status'>,
  bus: Pick<Bus, 'health'>,
  settings: Alike,
): Role[] {
  return [
    {
      name: 'worker',
      settings,
      look: () => {
        const { lanes } = workers.status();
        const inHand = lanes.reduce((sum, lane) => sum + lane.inHand, 0);
        const stopped = lanes.find((lane) => lane.stopped !== null)?.stopped ?? null;
        return { state: `${inHand} in hand`, problem: stopped ?? bus.health().problem };
      },
    },
    {
      name: 'housekeeping',
      look: () => {
        const { goesOn, failures } = workers.status().housekeeping;
        if (!goesOn) return null;
        return {
          problem: failures >= FAILED_OFTEN ? `its last ${failures} rounds failed: see the log` : null,
        };
      },
    },
  ];
}
