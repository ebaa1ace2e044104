import type { Alike } from '../db/health/role-signs.ts';
import type { Bus } from '../lib/bus/bus.ts';
import type { Role } from '../lib/health/role-signs.ts';
import type { Part } from '../lib/health/readiness.ts';
import type { Workers } from './process.ts';

/**
 * The part of /ready about the lanes of a process. If all lanes are stopped, the process is not
 * ready; if some of them still work, each stopped lane is a warning. `advice` for a system is added
 * to the reason for which its lane does not work.
 */
export function workersPart(
  { lanes, housekeeping }: ReturnType<Workers['status']>,
  advice: readonly { system: string; says: string }[] = [],
): Part {
  const stopped = lanes.flatMap((lane) => {
    const says = advice.find(({ system }) => system === lane.system)?.says;
    return lane.stopped === null ? [] : [says === undefined ? lane.stopped : `${lane.stopped}. ${says}`];
  });
  const figures = {
    in_hand: lanes.reduce((sum, lane) => sum + lane.inHand, 0),
    received_from_table: housekeeping.receivedFromTable,
  };
  const [first] = stopped;
  if (first === undefined) return { ready: true, figures };
  if (stopped.length < lanes.length) return { ready: true, figures, warnings: stopped };
  return { ready: false, problem: stopped.join('; '), figures };
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
