// How a system is heard, for /ready and status: by webhooks, which need a secret, and by the sweep, which needs a worker.
import type { Db } from '../db/connection.ts';
import { readSweep, type Sweep } from '../db/sweep.ts';
import type { Clock } from './clock.ts';
import type { Part } from './readiness.ts';

/** A sweep follows the last one after a minute (lib/sync/sweep.ts). */
const SWEEP_LATE_MS = 15 * 60_000;

export function hearingPart(db: Db, clock: Clock, system: string, secrets: string[]): () => Promise<Part> {
  return async () => {
    const sweep = await readSweep(db, system);
    const deaf = `no webhook of ${system} can be believed, so what changes there is heard by the sweep only, minutes later: set ${system.toUpperCase()}_WEBHOOK_SECRET to its endpoint's secret`;
    return {
      ready: true,
      figures: {
        hearing: { [system]: secrets.length > 0 },
        swept_to: sweep?.triedAt ? sweep.sweptTo.toISOString() : null,
        swept_events: sweep?.sweptEvents ?? 0,
      },
      warnings: [
        ...(secrets.length > 0 ? [] : [deaf]),
        ...(sweep ? sweepWarnings(system, sweep, clock.now()) : []),
      ],
    };
  };
}

/** What keeps the sweep from hearing, and what it can never hear any more. */
export function sweepWarnings(system: string, sweep: Sweep, now: Date): string[] {
  const { problem, problemAt, triedAt, boundAt, paused, unheardFrom, unheardTo } = sweep;
  const late = now.getTime() - (triedAt ?? boundAt).getTime() > SWEEP_LATE_MS;
  return [
    ...(problem
      ? [
          `the events of ${system} cannot be listed since ${time(problemAt)} (${problem}): a lost webhook is not found`,
        ]
      : []),
    ...(late && !paused
      ? [
          `the events of ${system} were last listed ${triedAt ? time(triedAt) : 'never'}: is a worker running?`,
        ]
      : []),
    ...(unheardFrom
      ? [
          `what happened at ${system} from ${time(unheardFrom)} to ${time(unheardTo)} left its list before it was read: compare everything, "twinbox verify --repair"`,
        ]
      : []),
  ];
}

function time(at: Date | null): string {
  return at === null ? '?' : at.toISOString().slice(0, 16).replace('T', ' ');
}
