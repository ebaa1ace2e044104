// The workers' role: receive, reconcile and housekeeping, for every system in use. It is built in
// the same way for a separate process and for the process that runs every role.
import { readLanePauses } from '../db/limits/pauses.ts';
import { ensureConnections } from '../db/connections.ts';
import { raiseUncarried, raiseWaiting } from '../db/mappings/dirty.ts';
import { fullJitter } from '../lib/backoff.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { isAppError } from '../lib/errors.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { nameProcess } from '../lib/health/role-signs.ts';
import { readAccountRecords } from '../lib/intake/account-reading.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { startAnswerer } from './answerer.ts';
import { startComparer } from './comparer.ts';
import { startLinker } from './linker.ts';
import { startReplayer } from './replayer.ts';
import { createNeighbours, type Neighbours } from './neighbours.ts';
import { createHousekeeping, type HousekeepingStatus, type HousekeptLane } from './housekeeping.ts';
import { startSignOfLife } from './sign-of-life.ts';
import { createLane, type Lane, type LaneOptions, type LaneStatus } from './lane.ts';
import { subscribeInbound, subscribeOutbound } from './receiver.ts';
import type { RoundsStatus } from './rounds.ts';
import { whyStopped } from './stopped.ts';
import { createSweeper } from './sweeper.ts';
import { describeFault } from '../lib/describe-fault.ts';

export interface WorkersOptions extends Partial<LaneOptions> {
  groupId: string;
  retentionDays: number;
  /** How long the record of operations is kept; default 730. */
  auditDays?: number;
}

/** Mappings that are worked on at the same time; the limits of a system allow fewer. */
const CONCURRENCY = 32;
/** Longer than a read, a write (15 s each at most) and their settles. */
const LEASE_MS = 60_000;

export interface Workers {
  /** Looks for work now, and not only at the next poll. */
  wake(): void;
  status(): { lanes: LaneStatus[]; housekeeping: HousekeepingStatus };
  /** Begins no new work, and finishes the work in progress. */
  stop(): Promise<void>;
}

/** The longest rest of a lane that cannot work at all, before it tries again. */
const STOPPED_REST_MS = 30_000;

/** Starts the lanes; resolves once every event that is published from now on will be received. */
export async function startWorkers(bus: Bus, systems: SyncDeps[], options: WorkersOptions): Promise<Workers> {
  const { owner = nameProcess(), concurrency = CONCURRENCY, leaseMs = LEASE_MS } = options;
  const stopping = new AbortController();
  const [first] = systems;
  const log = first?.log;
  const alive = first && (await startSignOfLife({ db: first.db, owner, log: first.log }));
  if (first) await ensureConnections(first.db, namesOf(systems));
  for (const deps of systems) await raiseAllowed(deps);
  const lanes = systems.map((deps) => startLane(deps, { owner, concurrency, leaseMs }, stopping.signal));
  const looks = lanes.map(({ deps, neighbours, wake }) =>
    startLooks(deps, neighbours, wake, stopping.signal),
  );
  async function endLanes(): Promise<void> {
    stopping.abort();
    await Promise.all([...lanes.map(({ loop }) => loop.done), ...looks.map(({ done }) => done)]);
    await Promise.all(lanes.map(({ lane }) => lane.drain()));
    await alive?.stop();
  }

  const unsubscribe = await Promise.all([
    ...lanes.map((lane) => subscribeOutbound(bus, lane, options.groupId)),
    ...(log ? [subscribeInbound(bus, lanes, options.groupId, log)] : []),
  ]).catch(async (error: unknown) => {
    // A lane that still works would keep a process alive that has reported that it cannot start.
    await endLanes();
    throw error;
  });
  const housekeeping = createHousekeeping(lanes, { ...options, bus });
  const readings = lanes.map(({ deps, lane }) => startReading(deps, lane, stopping.signal));
  const house = runLoop(housekeeping.runOnce, {
    ...ROUND_RESTS,
    onError: (error, failures) => log?.warn('housekeeping.failed', { ...describeFault(error), failures }),
    signal: stopping.signal,
  });
  const sweepers = lanes.map((lane) => startSweeper(lane, options.retentionDays, stopping.signal));
  const comparers = lanes.flatMap((lane) => startComparer(lane, stopping.signal) ?? []);
  const answerers = lanes.flatMap((lane) => startAsked(lane, owner, stopping.signal));
  const wake = (): void => lanes.forEach((lane) => lane.wake());
  const { retentionDays } = options;
  const replayers = first ? [startReplayer(first, { retentionDays, wake }, stopping.signal)] : [];
  return {
    wake,
    status: () => ({
      lanes: lanes.map(({ lane }) => lane.status()),
      housekeeping: statusOf([housekeeping, ...sweepers]),
    }),
    async stop() {
      stopping.abort();
      await Promise.all(unsubscribe.map((end) => end()));
      const loops = [house, ...sweepers.map(({ loop }) => loop), ...comparers, ...replayers, ...answerers];
      await Promise.all(loops.map(({ done }) => done));
      await Promise.all(readings.map(({ done }) => done));
      await endLanes();
    },
  };
}

/** What works on questions and plans that came through the API. */
function startAsked(lane: HousekeptLane, owner: string, signal: AbortSignal): Loop[] {
  return [startAnswerer(lane, owner, signal), startLinker(lane, signal)];
}

/**
 * The status of housekeeping and of every sweep together: whether all go on, and the failed rounds
 * of the one that failed most often.
 */
function statusOf([house, ...sweepers]: [
  { status(): HousekeepingStatus },
  ...{ status(): RoundsStatus }[],
]): HousekeepingStatus {
  const all = [house.status(), ...sweepers.map((each) => each.status())];
  return {
    receivedFromTable: house.status().receivedFromTable,
    goesOn: all.every(({ goesOn }) => goesOn),
    failures: Math.max(...all.map(({ failures }) => failures)),
  };
}

const ROUND_RESTS = {
  idleMs: 10_000,
  busyMs: 5_000,
  backoffMs: (failures: number) => fullJitter(failures, { baseMs: 5_000, capMs: 60_000 }),
};

function startSweeper(lane: HousekeptLane, retentionDays: number, signal: AbortSignal) {
  const { log, integration } = lane.deps;
  const { runOnce, status } = createSweeper(lane, { retentionDays });
  const { idleMs } = ROUND_RESTS;
  const loop = runLoop(runOnce, {
    ...ROUND_RESTS,
    // The feed says how often it is read, also if that is more often than the other rounds.
    idleMs: Math.min(idleMs, integration.feed?.everyMs ?? idleMs),
    onError: (error, failures) =>
      log.warn('sweep.broken_off', { system: integration.system, ...describeFault(error), failures }),
    signal,
  });
  return { loop, status };
}

function namesOf(systems: readonly SyncDeps[]): string[] {
  return systems.map(({ integration }) => integration.system);
}

/**
 * Raises the pairs that waited until a setting allowed more, if it does now and no pause holds, and those for which a
 * transform failed: this process may have a corrected one.
 */
async function raiseAllowed({ db, clock, integration: { system }, policy }: SyncDeps): Promise<void> {
  await raiseUncarried(db, system, clock.now());
  const paused = (await readLanePauses(db, system)).map(({ direction }) => direction);
  if (policy.writes && !paused.includes('outbound'))
    await raiseWaiting(db, system, 'writes_off', clock.now());
  if (policy.pulls && !paused.includes('inbound')) await raiseWaiting(db, system, 'pulls_off', clock.now());
  if (policy.deletesIn !== 'ask') await raiseWaiting(db, system, 'ask_delete', clock.now());
}

/**
 * The first contact: reads the records that the account had before, in parallel to the lane, which
 * binds the account.
 */
function startReading(deps: SyncDeps, lane: Lane, signal: AbortSignal): Loop {
  const { system } = deps.integration;
  let done = false;
  let isLogged = false;
  return runLoop(
    async () => {
      if (done || !lane.status().bound) return 0;
      const run = await readAccountRecords(deps, signal);
      done = run === 'done';
      isLogged = false;
      return run === 'reading' ? 1 : 0;
    },
    {
      idleMs: 1_000,
      busyMs: 50,
      backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: STOPPED_REST_MS }),
      onError: (error, failures) => {
        if (!isLogged) deps.log.warn('account.reading_failed', { system, ...describeFault(error), failures });
        isLogged = true;
      },
      signal,
    },
  );
}

/** How often a worker reads which other workers live, and which pairs they have left waiting. */
const LOOK_MS = 5_000;

function startLooks(deps: SyncDeps, neighbours: Neighbours, wake: () => void, signal: AbortSignal): Loop {
  return runLoop(
    async () => {
      if ((await neighbours.look()) > 0) wake();
      return 0;
    },
    {
      idleMs: LOOK_MS,
      backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: LOOK_MS }),
      onError: (error) => deps.log.debug('worker.look', { error: String(error) }),
      signal,
    },
  );
}

/** What this process raises wakes the lane: a poll is only for what another process has raised, and for due times. */
const LANE_REST_MS = 250;

function startLane(deps: SyncDeps, options: LaneOptions, signal: AbortSignal) {
  const neighbours = createNeighbours(deps, options.owner);
  const lane = createLane(deps, { ...options, leaves: neighbours.leaves }, () => wake());
  let lastLogged = '';
  const claim = async (): Promise<number> => ((await lane.runOnce()) > 0 && !lane.tookAll() ? 1 : 0);
  const loop = runLoop(claim, {
    idleMs: LANE_REST_MS,
    // Without room for one line, of creates for example, more may be due, and there is room in a moment.
    busyMs: () => (lane.tookAll() ? LANE_REST_MS : 5),
    backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: STOPPED_REST_MS }),
    onError: (error, failures) => {
      // Logged once, not at each try: `status` and `/ready` show it as long as it lasts.
      const stopped = whyStopped(error);
      const text = JSON.stringify(stopped);
      if (text === lastLogged) return;
      lastLogged = text;
      const level = isAppError(error, 'wrong_account') ? 'warn' : 'info';
      deps.log[level]('lane.stopped', { system: deps.integration.system, ...stopped, failures });
    },
    signal,
  });
  const wake = (): void => loop.wake();
  return { deps, lane, loop, wake, neighbours };
}
