// A sample of each whole minute, taken once by one of the processes that run workers, some seconds after the
// minute's end (docs/decisions/0090-overview.md).
//
// Guarantees: a minute has one sample or none; the ring does not grow. Assumes: transactions that settled
// something in a minute have committed some seconds after it. A crash at any place before the one statement
// that stores a sample leaves none of that minute, unless another process takes it before the next minute
// has ended; what is missing is never made up later.
import {
  hasSample,
  readCalled,
  readDatabaseTime,
  readSettled,
  saveSample,
  stages,
  type CallSample,
  type Figures,
  type LaneSample,
} from '../../db/health/samples.ts';
import { readConnection } from '../../db/connections.ts';
import { readTokens } from '../../db/limits/buckets.ts';
import { directions, type Direction } from '../../db/limits/pauses.ts';
import { readSecondsBehind } from '../../db/relay/lag.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { createLease } from '../lease.ts';
import { burstOf } from '../limits/limiter.ts';
import { uuidLowerBound } from '../uuid.ts';
import { placeOf } from './roles.ts';

export type SampledSystem = {
  system: string;
  /** Requests a second that the account takes; null without a limit. */
  rate: number | null;
};

export type SamplerDeps = {
  db: Db;
  clock: Clock;
  log: { debug(event: string, fields: Record<string, unknown>): void };
  systems: readonly SampledSystem[];
  /** Messages that the workers have not handled; null if the bus has no such number. */
  lag(system: string, direction: Direction): Promise<number | null>;
};

const MINUTE_MS = 60_000;
/** After the end of a minute; a settle that takes longer to commit is in no sample. */
const REST_MS = 2_000;
/** The hour that is shown, and a little more. */
export const KEPT_MINUTES = 70;
const LEASE_MS = 30_000;

export type Sampler = {
  /** True if this process has taken the sample of the last whole minute. */
  runOnce(): Promise<boolean>;
};

export function createSampler(deps: SamplerDeps): Sampler {
  const { db, clock } = deps;
  const lease = createLease({ db, name: 'samples', lengthMs: LEASE_MS });
  let looked = -Infinity;

  return {
    async runOnce() {
      const to = Math.floor((clock.now().getTime() - REST_MS) / MINUTE_MS) * MINUTE_MS;
      if (to === looked) return false;
      const minute = new Date(to - MINUTE_MS);
      if (!(await hasSample(db, minute))) {
        if ((await lease.take()) === null) return false;
        try {
          const figures = await measure(deps, { from: minute, to: new Date(to) });
          await failpoint('samples.before-save');
          const oldest = new Date(to - KEPT_MINUTES * MINUTE_MS);
          await saveSample(db, { minute, oldest, takenBy: placeOf(lease.owner), figures });
        } finally {
          await lease.release();
        }
        looked = to;
        return true;
      }
      looked = to;
      return false;
    },
  };
}

async function measure(deps: SamplerDeps, minute: { from: Date; to: Date }): Promise<Figures> {
  const { db, clock } = deps;
  const [settled, called, behind, skew] = [
    await readSettled(db, minute),
    await readCalled(db, {
      from: uuidLowerBound(minute.from.getTime()),
      to: uuidLowerBound(minute.to.getTime()),
    }),
    await readSecondsBehind(db, clock.now()),
    await measureSkew(db, clock),
  ];
  const lanes: LaneSample[] = [];
  const calls: CallSample[] = [];
  for (const { system, rate } of deps.systems) {
    for (const direction of directions) {
      const found = settled.find((each) => each.system === system && each.direction === direction);
      const { settled: all = 0, applied = 0, stages: known = {} } = found ?? {};
      const whole = Object.fromEntries(stages.map((stage) => [stage, known[stage] ?? {}]));
      lanes.push({
        ...{ system, direction, settled: all, applied, stages: whole as LaneSample['stages'] },
        lag: await lagOrNull(deps, system, direction),
      });
    }
    const made = called.find((each) => each.system === system) ?? { calls: 0, failed: 0, throttled: 0 };
    calls.push({ ...made, system, ...(await leftOf(db, { system, rate })) });
  }
  return { lanes, calls, oldest_unsent: behind, clock_skew: skew };
}

async function leftOf(
  db: Db,
  { system, rate }: SampledSystem,
): Promise<Pick<CallSample, 'tokens' | 'share'>> {
  const account = rate === null ? null : (await readConnection(db, system))?.account;
  const found = rate && account && (await readTokens(db, { system, account, rate, burst: burstOf(rate) }));
  return found || { tokens: null, share: null };
}

/** Half of the way to the database counts for each direction. */
async function measureSkew(db: Db, clock: Clock): Promise<number> {
  const before = clock.now().getTime();
  const theirs = await readDatabaseTime(db);
  return Math.round((before + clock.now().getTime()) / 2 - theirs.getTime());
}

/** A bus that does not answer must not leave a minute without its other figures. */
async function lagOrNull(
  { lag, log }: SamplerDeps,
  system: string,
  direction: Direction,
): Promise<number | null> {
  try {
    return await lag(system, direction);
  } catch (error) {
    log.debug('samples.no_lag', { system, direction, error: String(error) });
    return null;
  }
}
