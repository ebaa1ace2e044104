// The breaker: while a system does not answer at all, or refuses our key, nothing is claimed, so
// nothing is burnt or parked.
//
// It opens on the first refusal of the key, on a run of failures of several customers without one
// answer between them, or on a run of few customers if the system then does not even say whose key
// this is. A single customer whose requests break something cannot open it. Open, one worker at a
// time asks `identify`; an answer makes it half-open, and each worker tries one mapping at a time;
// the first that something is carried out for closes it and brings forward what had been put off.
//
// The state is in Postgres: all workers see it when they claim, and a restart remembers it. The run
// is this process's own; losing it costs a few failures more. A crash between any two lines leaves
// a row that says what is next, and when.
import type { Db } from '../../db/server/connection.ts';
import {
  bringForward,
  claimProbe,
  closeBreaker,
  halfOpenBreaker,
  openBreaker,
  type BreakerRow,
} from '../../db/limits/breakers.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import type { Failure, Integration } from '../integrations/integration.ts';

export interface BreakerDeps {
  db: Db;
  clock: Clock;
  integration: Pick<Integration, 'system' | 'identify' | 'classify'>;
  account: string;
  log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
  /** How many of what was put off come due each second. */
  perSecond: number;
}

export interface Breaker {
  /** A call was carried out. */
  answered(): Promise<void>;
  /** A call for this mapping failed. */
  failed(failure: Failure, mapping: number): Promise<void>;
  /** The row as a claim has just seen it; null while closed. */
  saw(row: BreakerRow | null): void;
  /** Half-open: one mapping at a time. */
  isHalfOpen(): boolean;
  /**
   * Asks the system, if there is reason to and no other process does. True if that made it answer
   * again.
   */
  probe(): Promise<boolean>;
  /** It has just said whose key this is. */
  answers(): Promise<boolean>;
}

/** Failures in a row, and customers behind them, that are no chance. */
const RUN = 5;
/** Due times brought forward at once; the others come due by themselves within five minutes. */
const FORWARD = 5_000;

export function createBreaker({ db, clock, integration, account, log, perSecond }: BreakerDeps): Breaker {
  const { system } = integration;
  const place = { system, account };
  const run = { failures: 0, mappings: new Set<number>(), last: null as Failure | null };
  let seen: BreakerRow | null = null;

  function endRun(): void {
    run.failures = 0;
    run.mappings.clear();
  }

  const isHalfOpen = (): boolean => seen !== null && seen.openedAt === null;

  async function open(failure: Failure): Promise<void> {
    endRun();
    seen = await openBreakerFor(db, clock, place, failure, log);
  }

  async function answers(): Promise<boolean> {
    const changed = await halfOpenBreaker(db, { ...place, now: clock.now() });
    if (changed) log.info('breaker.half_open', { system });
    return changed;
  }

  /** True if it said whose key this is. */
  async function identifies(): Promise<boolean> {
    try {
      await integration.identify();
      return true;
    } catch (error) {
      run.last = integration.classify(error);
      return false;
    }
  }

  return {
    answers,
    isHalfOpen,
    saw: (row) => void (seen = row),
    async answered() {
      // One customer that fails on and on is not brought forward by the successes of its neighbours.
      const late = run.mappings.size > 1;
      endRun();
      if (!late && !isHalfOpen()) return;
      const since = await closeBreaker(db, place);
      seen = null;
      if (since) log.info('breaker.closed', { system, since: since.toISOString() });
      if (!since && !late) return;
      await failpoint('breaker.closed');
      const forward = await bringForward(db, { ...place, now: clock.now(), perSecond, limit: FORWARD });
      log.info('breaker.brought_forward', { system, mappings: forward });
    },
    async failed(failure, mapping) {
      if (failure.kind === 'auth') return open(failure);
      if (!isOfSystem(failure)) return;
      run.failures += 1;
      run.mappings.add(mapping);
      run.last = failure;
      if (isHalfOpen() || run.mappings.size >= RUN) await open(failure);
    },
    async probe() {
      if (seen?.openedAt) {
        if (seen.probeAt > clock.now() || !(await claimProbe(db, { ...place, now: clock.now() })))
          return false;
        await failpoint('breaker.probing');
        return (await identifies()) && (await answers());
      }
      if (run.failures < RUN) return false;
      // A few customers, again and again: a request that concerns no customer shows whether the
      // fault is the system's or theirs.
      if (await identifies()) endRun();
      else if (run.last) await open(run.last);
      return false;
    },
  };
}

/** Opens the breaker, and says so once: one of all the workers is the one that did. */
export async function openBreakerFor(
  db: Db,
  clock: Clock,
  place: { system: string; account: string },
  { kind, code, message }: Failure,
  log: BreakerDeps['log'],
): Promise<BreakerRow | null> {
  const row = await openBreaker(db, { ...place, why: { kind, code, message }, now: clock.now() });
  if (row)
    log.warn('breaker.opened', { system: place.system, since: row.since.toISOString(), kind, code, message });
  return row;
}

/** Whether it says something about the system, and not about one customer. */
export function isOfSystem({ kind, scope }: Failure): boolean {
  return (kind === 'retry' || kind === 'indeterminate') && scope !== 'entity';
}
