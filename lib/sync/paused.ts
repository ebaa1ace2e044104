// A step under a pause of one direction. It goes on as with the setting off: what may not be written
// waits with its reason, and the other direction flows.
//
// Guarantees: a pair that is noted as waiting for a pause is raised by the end of the pause. The step
// notes it only while the pause holds, and keeps the pause until its transaction has ended; the end of
// the pause waits for that, and then raises all pairs that wait. If the pause ended before, the step
// writes nothing, and the pair is claimed again.
// Assumes: both take the pause's row before they lock a mapping.
import { holdsLane, type Direction } from '../../db/limits/pauses.ts';
import type { Tx } from '../../db/server/connection.ts';
import type { Outcome } from './settle/outcome.ts';
import type { PausedLanes } from './settings.ts';
import type { SyncDeps } from './step.ts';

/** The reason with which a pair waits, and the direction whose pause can be the cause. */
const causes: Readonly<Record<string, Direction>> = { writes_off: 'outbound', pulls_off: 'inbound' };

/** The same engine, without what is paused. */
export function underPause<T extends Pick<SyncDeps, 'policy'>>(deps: T, paused: PausedLanes | null): T {
  if (!paused) return deps;
  const { policy } = deps;
  return {
    ...deps,
    policy: {
      ...policy,
      writes: policy.writes && !paused.outbound,
      pulls: policy.pulls && !paused.inbound,
    },
    // Where the setting is off too, the end of the pause allows nothing.
    paused: { outbound: policy.writes && paused.outbound, inbound: policy.pulls && paused.inbound },
  };
}

/** Whether the outcome says that the pair waits for a pause, and the pause has ended by now. */
export async function pauseHasEnded(
  tx: Tx,
  { paused, integration: { system } }: Pick<SyncDeps, 'paused' | 'integration'>,
  outcome: Outcome,
): Promise<boolean> {
  const direction = outcome.kind === 'waiting' ? causes[outcome.reason.code] : undefined;
  if (direction === undefined || paused?.[direction] !== true) return false;
  return !(await holdsLane(tx, { system, direction }));
}
