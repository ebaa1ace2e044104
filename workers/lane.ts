// The reconcile lane of one system: claims dirty mappings and brings each pair into agreement,
// several at a time. A slow or stuck customer occupies only one of the places. A lane claims as
// many mappings as there are rate tokens for, the most urgent first, and in addition a few echoes,
// which need no tokens. While the breaker is open or the account rests it claims nothing.
import { backOffMapping, claimDue, type Claimed } from '../db/mappings/claims.ts';
import { readConnection } from '../db/connections.ts';
import { isDatabaseAway } from '../db/health/readiness.ts';
import { urgencies } from '../db/urgency.ts';
import { fullJitter } from '../lib/backoff.ts';
import { AppError } from '../lib/errors.ts';
import type { Failure } from '../lib/integrations/integration.ts';
import { createBreaker, isOfSystem, openBreakerFor } from '../lib/limits/breaker.ts';
import { createBudgets } from '../lib/limits/budgets.ts';
import { guard, type Guards } from '../lib/limits/guarded.ts';
import { createLimiter } from '../lib/limits/limiter.ts';
import { accountOf, createRest, findRest, sayRest, storeRest } from '../lib/limits/rest.ts';
import { breakOff } from '../lib/sync/broken-off.ts';
import { describeFault } from '../lib/describe-fault.ts';
import { bindAccount } from '../lib/integrations/bind.ts';
import { placeExistingRows } from '../lib/intake/existing-rows.ts';
import { depsOfKind } from '../lib/sync/kinds.ts';
import { underPause } from '../lib/sync/paused.ts';
import { reconcile } from '../lib/sync/reconcile.ts';
import type { PausedLanes } from '../lib/sync/settings.ts';
import { lastCallOf, type Claim, type SyncDeps } from '../lib/sync/step.ts';
import { hadRoom, isEcho, LONGEST_EVERY, roomFor } from './room.ts';

export interface LaneOptions {
  /** The name of this worker in its leases; for people. */
  owner: string;
  /** How many mappings are worked on at the same time. */
  concurrency: number;
  /** The length of a lease: longer than a read, a write and their settles together. */
  leaseMs: number;
  /** Mappings that wait for these reasons are left to other workers; default: none. */
  leaves?: () => readonly string[];
}

export interface Lane {
  /** Starts steps for mappings that are due, as far as there are places; returns how many. */
  runOnce(): Promise<number>;
  /** The last claim had room for more than was due: the next one is in vain until something is raised. */
  tookAll(): boolean;
  /** Resolves when no step is in progress. */
  drain(): Promise<void>;
  status(): LaneStatus;
}

export interface LaneStatus {
  system: string;
  bound: boolean;
  /** Why the lane does nothing, as text for people. */
  stopped: string | null;
  inHand: number;
}

/** How often echoes are looked for while there is no token for anything else. */
const ECHOES_EVERY_MS = 1_000;

const noRelease = (): void => undefined;

export function createLane(deps: SyncDeps, options: LaneOptions, wake: () => void): Lane {
  const { db, clock, integration, log } = deps;
  const inHand = new Map<number, { claimed: Claimed; done: Promise<void> }>();
  /**
   * Claims of steps that broke off while the database did not answer, and that could not be given
   * back.
   */
  const left = new Map<number, Claim>();
  let bound: Bound | null = null;
  let stopped: string | null = null;
  /** Every row that was there when the system came has its mapping. */
  let placed = false;
  /** The number of claims since the last one of the mapping that had been due longest. */
  let sinceLongest = 0;
  /** The last claim filled all places for echoes, so more echoes may be due. */
  let moreEchoes = false;
  let tookAll = false;
  let claimedAt = -Infinity;

  /**
   * Finds out whose account the key is of. Without an answer, or with the wrong account, the lane
   * sends nothing else. Returns null while the account rests: then not even this call is made.
   */
  async function bind(): Promise<Bound | null> {
    if (bound) return bound;
    const resting = await findRest(deps, integration);
    if (resting) {
      stopped = sayRest(integration.system, resting);
      return null;
    }
    const binding = await bindAccount(db, clock, integration).catch(async (error: unknown) => {
      const failure = integration.classify(error);
      stopped = `${integration.system} did not say of which account the key is: ${failure.code}: ${failure.message}`;
      await stopSending(deps, failure);
      throw new AppError('system_unreachable', { cause: error, detail: stopped, retryable: true });
    });
    if (!binding.ok) {
      stopped = binding.message;
      throw new AppError('wrong_account', { detail: binding.message });
    }
    const { account, livemode } = binding;
    const guards = createGuards(deps, account);
    // At the start a worker asks at once, so that a corrected key or a system that answers again is
    // noticed.
    await guards.breaker.answers();
    stopped = null;
    bound = { account, guards };
    log.info('lane.bound', { system: integration.system, account, livemode });
    return bound;
  }

  async function work(guards: Guards, claimed: Claimed, { deadline, paused }: Claiming): Promise<void> {
    const claim: Claim = { id: claimed.id, fence: claimed.fence, deadline };
    const release = isEcho(claimed) ? noRelease : (guards.limiter?.reserve(claimed.makes) ?? noRelease);
    const own = depsOfKind(deps, claimed.entityType);
    const lastCall = lastCallOf(deps, claim);
    const guarded = guard((own ?? deps).integration, guards, {
      id: claim.id,
      urgency: claimed.urgency,
      lastCall,
      release,
    });
    try {
      if (own === null) throw new AppError('config_invalid', { detail: notKept(claimed.entityType) });
      await reconcile(underPause({ ...own, integration: guarded }, paused), claim);
    } catch (error) {
      await breakOff(deps, claim, error).catch((failure: unknown) => {
        log.debug('reconcile.lease_left', { mapping: claim.id, ...describeFault(failure) });
        left.set(claim.id, claim);
      });
    } finally {
      release();
      inHand.delete(claim.id);
      wake();
    }
  }

  function count(isOne: (claimed: Claimed) => boolean): number {
    return [...inHand.values()].filter(({ claimed }) => isOne(claimed)).length;
  }

  const oneIsDone = (): Promise<void> => Promise.race([...inHand.values()].map(({ done }) => done));

  return {
    async runOnce() {
      tookAll = false;
      const to = await bind();
      if (to === null) return 0;
      const { account, guards } = to;
      placed ||= !(await placeExistingRows(deps)).more;
      if (!placed) return 1;
      const { breaker } = guards;
      await releaseLeftClaims(deps, left);
      if ((await guards.rest.until()) === null) await breaker.probe();
      const busy = breaker.isHalfOpen() ? inHand.size : count((one) => !isEcho(one));
      if (busy >= (breaker.isHalfOpen() ? 1 : options.concurrency)) {
        await oneIsDone();
        return 1;
      }
      const room = await roomFor(guards, {
        places: options.concurrency,
        others: count((one) => !isEcho(one)),
        makes: count(({ makes }) => makes),
        echoes: count(isEcho),
        sinceLongest,
      });
      // Without tokens only echoes can be claimed, and each look for echoes costs a statement, so
      // there is one at most every second.
      const looks = moreEchoes || performance.now() - claimedAt > ECHOES_EVERY_MS;
      if (room.limit === 0 && !(looks && room.echoes > 0)) return 1;
      claimedAt = performance.now();
      const deadline = performance.now() + options.leaseMs;
      const due = await claimDue(db, {
        system: integration.system,
        account,
        owner: options.owner,
        now: clock.now(),
        leaseMs: options.leaseMs,
        leaves: options.leaves?.() ?? [],
        // What is left of the quota is kept for edits.
        ...((await guards.budgets?.pausedUntil()) && { last: urgencies.echo }),
        ...room,
      });
      breaker.saw(due.breaker);
      guards.rest.saw(due.rest, claimedAt);
      for (const claimed of due.claims)
        inHand.set(claimed.id, { claimed, done: work(guards, claimed, { deadline, paused: due.paused }) });
      expectCalls(deps, guards, due.claims);
      const echoes = due.claims.filter(isEcho).length;
      moreEchoes = echoes === room.echoes;
      tookAll = due.breaker === null && hadRoom(room, due.claims);
      sinceLongest = (sinceLongest + due.claims.length - echoes) % LONGEST_EVERY;
      return room.limit === 0 ? 1 : due.claims.length;
    },
    tookAll: () => tookAll,
    async drain() {
      while (inHand.size > 0) await Promise.all([...inHand.values()].map(({ done }) => done));
    },
    status: () => ({ system: integration.system, bound: bound !== null, stopped, inHand: inHand.size }),
  };
}

/** While the steps load their pairs, the tokens of their first calls are fetched. */
function expectCalls(
  { policy, integration }: SyncDeps,
  { limiter }: Guards,
  claims: readonly Claimed[],
): void {
  const others = claims.filter((claimed) => !isEcho(claimed));
  const makes = others.filter(({ makes: isMade }) => isMade).length;
  if (makes > 0 && policy.looksBeforeCreate && integration.findByIdentity) limiter?.expect('look', makes);
  if (others.length > makes) limiter?.expect('update', others.length - makes);
}

const notKept = (entityType: string): string =>
  `a pair of the entity ${entityType}, which the configuration does not have; its step waits`;

/** What holds for all mappings of one claim. */
type Claiming = { deadline: number; paused: PausedLanes | null };

interface Bound {
  account: string;
  guards: Guards;
}

function createGuards({ db, clock, integration, policy, log }: SyncDeps, account: string): Guards {
  const { system, capabilities } = integration;
  const { rates } = policy;
  const rest = createRest({ db, clock, system, account, log }, { asks: false });
  return {
    limiter: rates && createLimiter({ db, system, account, rates, log }),
    rest,
    budgets: createBudgets({ db, clock, system, account, log }, capabilities, rest),
    breaker: createBreaker({ db, clock, integration, account, log, perSecond: rates?.endpoint ?? UNLIMITED }),
    onError: (error) => log.warn('limits.unnoted', { system, error: describe(error) }),
  };
}

const UNLIMITED = 1_000;

/**
 * Stores why a lane cannot bind its account: a rest if the quota of the account is used up;
 * otherwise it opens the breaker of the account that the database belongs to, if there is one and
 * the failure is of the key or of the system.
 */
async function stopSending({ db, clock, integration, log }: SyncDeps, failure: Failure): Promise<void> {
  if (failure.kind === 'quota') {
    const { system } = integration;
    await storeRest({ db, clock, system, account: await accountOf(db, system), log }, failure);
    return;
  }
  const connection = await readConnection(db, integration.system);
  if (!connection || connection.account === null || !(failure.kind === 'auth' || isOfSystem(failure))) return;
  await openBreakerFor(db, clock, { system: integration.system, account: connection.account }, failure, log);
}

/**
 * After an outage of the database the leases of these mappings last for up to a minute more. This
 * ends them, so that no customer waits for their end.
 */
async function releaseLeftClaims(deps: SyncDeps, left: Map<number, Claim>): Promise<void> {
  for (const claim of [...left.values()]) {
    left.delete(claim.id);
    if (performance.now() >= claim.deadline) continue; // the lease has ended, so any worker may claim it
    try {
      await postpone(deps, claim);
    } catch (error) {
      left.set(claim.id, claim);
      if (isDatabaseAway(error)) throw error;
    }
  }
}

/**
 * Makes a mapping due again a little later, not at once, after its step broke off (the database did
 * not answer, or a fault of Twinbox).
 */
async function postpone({ db, clock, policy }: SyncDeps, { id, fence }: Claim): Promise<void> {
  const until = new Date(clock.now().getTime() + 1_000 + fullJitter(3, policy.backoff));
  await backOffMapping(db, id, fence, until);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
