// One system's reconcile lane: claims dirty mappings and brings each into agreement, several at a time. A slow or stuck
// customer holds its own place in the pool and nobody else's.
import type { Db } from '../db/connection.ts';
import { backOffMapping, claimMappings } from '../db/claims.ts';
import { fullJitter } from '../lib/backoff.ts';
import { AppError } from '../lib/errors.ts';
import { bindAccount } from '../lib/sync/bind.ts';
import { reconcile } from '../lib/sync/reconcile.ts';
import type { Claim, SyncDeps } from '../lib/sync/step.ts';

export interface LaneOptions {
  /** Names this worker in the lease; for people. */
  owner: string;
  /** How many mappings are worked on at once. */
  concurrency: number;
  /** Longer than a read, a write and their settles together. */
  leaseMs: number;
}

export interface Lane {
  /** Starts work on what is due, as far as there is room; says how many it started. */
  runOnce(): Promise<number>;
  /** Resolves when nothing is in hand. */
  drain(): Promise<void>;
  status(): LaneStatus;
}

export interface LaneStatus {
  system: string;
  bound: boolean;
  /** Why the lane does nothing, in words for an operator. */
  stopped: string | null;
  inHand: number;
}

export function createLane(deps: SyncDeps, options: LaneOptions, wake: () => void): Lane {
  const { db, clock, integration, log } = deps;
  const inHand = new Map<number, Promise<void>>();
  let account: string | null = null;
  let stopped: string | null = null;

  /** The first contact: whose account this is. Without an answer nothing is sent; with the wrong one neither. */
  async function bound(): Promise<string> {
    if (account !== null) return account;
    const binding = await bindAccount(db, clock, integration).catch((error: unknown) => {
      const failure = integration.classify(error);
      stopped = `${integration.system} did not say whose key this is: ${failure.code}: ${failure.message}`;
      throw new AppError('system_unreachable', { cause: error, detail: stopped, retryable: true });
    });
    if (!binding.ok) {
      stopped = binding.message;
      throw new AppError('wrong_account', { detail: binding.message });
    }
    stopped = null;
    account = binding.account;
    log.info('lane.bound', { system: integration.system, account, livemode: binding.livemode });
    return account;
  }

  async function work(claim: Claim): Promise<void> {
    try {
      await reconcile(deps, claim);
    } catch (error) {
      log.warn('reconcile.broke_off', { mapping: claim.id, error: describe(error) });
      await giveUp(db, deps, claim);
    } finally {
      inHand.delete(claim.id);
      wake();
    }
  }

  return {
    async runOnce() {
      const ready = await bound();
      const room = options.concurrency - inHand.size;
      if (room <= 0) {
        await Promise.race(inHand.values());
        return 1;
      }
      const deadline = performance.now() + options.leaseMs;
      const claims = await claimMappings(db, {
        system: integration.system,
        account: ready,
        owner: options.owner,
        now: clock.now(),
        leaseMs: options.leaseMs,
        limit: room,
      });
      for (const claim of claims) inHand.set(claim.id, work({ ...claim, deadline }));
      return claims.length;
    },
    async drain() {
      while (inHand.size > 0) await Promise.all(inHand.values());
    },
    status: () => ({ system: integration.system, bound: account !== null, stopped, inHand: inHand.size }),
  };
}

/** A step that broke off (the database went away, or a fault of ours) is tried again a little later, not at once. */
async function giveUp(db: Db, { clock, policy, log }: SyncDeps, claim: Claim): Promise<void> {
  const until = new Date(clock.now().getTime() + 1_000 + fullJitter(3, policy.backoff));
  try {
    await backOffMapping(db, claim.id, claim.fence, until);
  } catch (error) {
    // The lease runs out by itself; nothing else is held.
    log.debug('reconcile.lease_left', { mapping: claim.id, error: describe(error) });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
