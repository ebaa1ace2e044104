// Requests that wait until their change has its outcome at every system (Prefer: wait). The workers
// are other processes, and the database is asked: one question for all that wait in this process, ten
// times a second, and none while no request waits.
import type { MappedRow } from '../db/entities/rows.ts';
import { readSettledTargets } from '../db/events/outcomes.ts';
import type { Db } from '../db/server/connection.ts';
import { sleep } from '../lib/loop.ts';
import type { ApiLog } from './requests.ts';

export type SyncWaits = {
  /**
   * Whether the last change of the row has its outcome at every system: true as soon as it has, false
   * after `ms` or when the signal aborts. Null at once if too many wait already.
   */
  wait(row: MappedRow, options: { ms: number; signal: AbortSignal }): Promise<boolean | null>;
};

export type SyncWaitsDeps = {
  db: Db;
  log: ApiLog;
  /** The systems that are kept in step. */
  systems: readonly string[];
  /** How many may wait in this process; default 100. */
  max?: number;
  everyMs?: number;
};

type Waiting = { row: MappedRow; settle: () => void };

export function createSyncWaits({ db, log, systems, max = 100, everyMs = 100 }: SyncWaitsDeps): SyncWaits {
  const waiting = new Set<Waiting>();
  let isLooking = false;

  async function look(): Promise<void> {
    const present = [...waiting];
    const settled = await readSettledTargets(
      db,
      present.map(({ row }) => row.lastEventId),
    );
    for (const { row, settle } of present) {
      const targets = settled.get(row.lastEventId) ?? [];
      if (systems.every((system) => targets.includes(system) || hasReached(row, system))) settle();
    }
  }

  async function lookWhileRequestsWait(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    while (waiting.size > 0) {
      // A database that does not answer ends no wait before its time.
      await look().catch((error: unknown) =>
        log.debug('wait.failed', { error: error instanceof Error ? error.name : typeof error }),
      );
      if (waiting.size > 0) await sleep(everyMs);
    }
    isLooking = false;
  }

  return {
    async wait(row, { ms, signal }) {
      if (systems.every((system) => hasReached(row, system))) return true;
      if (waiting.size >= max) return null;
      const over = new AbortController();
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
        over.abort();
      };
      const one = { row, settle };
      waiting.add(one);
      void lookWhileRequestsWait();
      await sleep(ms, AbortSignal.any([signal, over.signal]));
      waiting.delete(one);
      return isSettled;
    },
  };
}

/** Whether the system has this version, as far as the row at hand says. */
function hasReached({ version, mappings }: MappedRow, system: string): boolean {
  return mappings.some(
    (each) => each.system === system && each.state === 'linked' && each.pushedVersion >= version,
  );
}
