// The breaker: while a system does not answer at all, or refuses our key, nothing is claimed, so no
// attempt is spent and no customer is parked.
//
// The breaker opens on the first refusal of the key, on a run of failures of several customers
// without a success between them, or on a run of few customers if the system then does not even
// answer which account the key belongs to. A single customer whose requests always fail cannot open
// it. While it is open, one worker at a time calls `identify`; an answer makes it half-open, and
// each worker tries one mapping at a time; the first action that succeeds closes it, and mappings
// that were put off become due earlier.
//
// The state is in PostgreSQL: all workers see it when they claim, and it survives a restart. The
// run of failures is kept in this process; losing it costs a few more failures. A crash between any
// two lines leaves a row that says what is next, and when.
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
  /** How many of the mappings that were put off become due each second. */
  perSecond: number;
}

export interface Breaker {
  /** A call succeeded. */
  answered(): Promise<void>;
  /** A call for this mapping failed. */
  failed(failure: Failure, mapping: number): Promise<void>;
  /** The row as a claim has just read it; null while closed. */
  saw(row: BreakerRow | null): void;
  /** Half-open: one mapping at a time. */
  isHalfOpen(): boolean;
  /**
   * Asks the system, if this is due and no other process asks. True if the system answers again
   * because of this call.
   */
  probe(): Promise<boolean>;
  /** The system has just answered which account the key belongs to. */
  answers(): Promise<boolean>;
}

/** This many failures in a row, of this many customers, are not chance. */
const RUN = 5;
/** How many due times are moved to an earlier time at once; the others come within five minutes. */
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

  /** True if the system answered which account the key belongs to. */
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
      // A single customer that keeps failing does not become due earlier when other customers
      // succeed.
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
      // A few customers fail again and again: a request about no customer shows whether the fault
      // is the system's or theirs.
      if (await identifies()) endRun();
      else if (run.last) await open(run.last);
      return false;
    },
  };
}

/** Opens the breaker, and logs it once, in the one worker that has changed the row. */
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

/** Whether the failure says something about the system, and not about one customer. */
export function isOfSystem({ kind, scope }: Failure): boolean {
  return (kind === 'retry' || kind === 'indeterminate') && scope !== 'entity';
}
