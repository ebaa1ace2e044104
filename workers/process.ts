// The workers' role: receive, reconcile and keep house, for every system in use. Built the same way whether it is a process of
// its own or one role among others in an embedded one.
import { fullJitter } from '../lib/backoff.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { isAppError } from '../lib/errors.ts';
import { runLoop } from '../lib/loop.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { createHousekeeping, type HousekeepingStatus } from './housekeeping.ts';
import { createLane, type LaneOptions, type LaneStatus } from './lane.ts';
import { subscribeInbound, subscribeOutbound } from './receiver.ts';

export interface WorkersOptions extends LaneOptions {
  groupId: string;
  retentionDays: number;
}

export interface Workers {
  /** Looks for work now rather than at the next poll. */
  wake(): void;
  status(): { lanes: LaneStatus[]; housekeeping: HousekeepingStatus };
  /** Takes nothing new, finishes what is in hand. */
  stop(): Promise<void>;
}

/** How long a lane that cannot work at all rests, at most, before it asks again. */
const STOPPED_REST_MS = 30_000;

/** Starts the lanes; resolves once nothing published from now on can be missed. */
export async function startWorkers(bus: Bus, systems: SyncDeps[], options: WorkersOptions): Promise<Workers> {
  const stopping = new AbortController();
  const lanes = systems.map((deps) => startLane(deps, options, stopping.signal));
  const log = systems[0]?.log;
  const unsubscribe = await Promise.all([
    ...lanes.map((lane) => subscribeOutbound(bus, lane, options.groupId)),
    ...(log ? [subscribeInbound(bus, lanes, options.groupId, log)] : []),
  ]);
  const housekeeping = createHousekeeping(lanes, { retentionDays: options.retentionDays });
  const house = runLoop(housekeeping.runOnce, {
    idleMs: 10_000,
    busyMs: 5_000,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 5_000, capMs: 60_000 }),
    onError: (error, failures) => log?.warn('housekeeping.failed', { error: String(error), failures }),
    signal: stopping.signal,
  });
  return {
    wake: () => lanes.forEach(({ wake }) => wake()),
    status: () => ({ lanes: lanes.map(({ lane }) => lane.status()), housekeeping: housekeeping.status() }),
    async stop() {
      stopping.abort();
      await Promise.all(unsubscribe.map((end) => end()));
      await Promise.all([house.done, ...lanes.map(({ loop }) => loop.done)]);
      await Promise.all(lanes.map(({ lane }) => lane.drain()));
    },
  };
}

function startLane(deps: SyncDeps, options: LaneOptions, signal: AbortSignal) {
  const lane = createLane(deps, options, () => wake());
  let told = '';
  const loop = runLoop(() => lane.runOnce(), {
    idleMs: 250,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: STOPPED_REST_MS }),
    onError: (error, failures) => {
      // Said once, not at each try: it is in status and readiness as long as it lasts.
      const text = error instanceof Error ? error.message : String(error);
      if (text === told) return;
      told = text;
      const level = isAppError(error, 'wrong_account') ? 'warn' : 'info';
      deps.log[level]('lane.stopped', { system: deps.integration.system, why: text, failures });
    },
    signal,
  });
  const wake = (): void => loop.wake();
  return { deps, lane, loop, wake };
}
