// How often we may ask: tokens of the account as a whole and of each endpoint, taken from Postgres
// in blocks, so that all workers on a database share one allowance. A block is taken before
// anything is claimed; a call spends one token of each kind.
//
// Who waits for a token at a call gets it in the order of urgency, and before anything new is
// claimed.
//
// No lock is held while a token is waited for or a call is out. A process that dies with a block
// loses those tokens and nothing else: they were taken off the bucket, so the rate is kept. Tokens
// in hand are worth nothing after a second; a process that was frozen does not come back with a
// burst.
import type { Db } from '../../db/server/connection.ts';
import { ensureBuckets, slowBucket, takeTokens, type Bucket, type Want } from '../../db/limits/buckets.ts';
import { sleep } from '../loop.ts';

/** Requests a second. */
export interface Rates {
  account: number;
  endpoint: number;
}

export interface LimiterDeps extends Bucket {
  db: Db;
  rates: Rates;
  log: { warn(event: string, fields: Record<string, unknown>): void };
  monotonic?: () => number;
}

export interface Room {
  /** How many may begin a call now. */
  calls: number;
  /** How many of them may make a record. */
  creates: number;
}

export interface Limiter {
  /**
   * Takes a block where nothing is in hand. Where there is nothing to be had it rests for a moment,
   * and answers none.
   */
  room(): Promise<Room>;
  /** Keeps a token of the block for a mapping that was claimed; the answer gives it back, once. */
  reserve(makes: boolean): () => void;
  /**
   * Waits for its token at an endpoint; false if that does not come by then (monotonic). Of those
   * who wait, the one with the smallest urgency goes first, then the one who has waited longest.
   */
  take(endpoint: string, until: number, urgency?: number): Promise<boolean>;
  /** The system said "too often": of one endpoint, or of the account (''). */
  slow(endpoint: string): Promise<void>;
}

/** A call that waits for its token. */
type Waiter = { endpoint: string; urgency: number; number: number };

/** The account as a whole. */
const ALL = '';
/** Where records are made has a limit of its own, and a backlog of its own after an import. */
const CREATE = 'create';
/** How much of a second's worth is saved up, and how much of it one block takes. */
const BURST = 0.4;
const BLOCK = 0.2;
/** How long a token in hand is good for. */
const GOOD_MS = 1_000;
/** The shortest wait between two blocks: tokens come one by one, and a statement for each would be waste. */
const LEAST_WAIT_MS = 80;
const MOST_WAIT_MS = 250;

export function createLimiter({
  db,
  system,
  account,
  rates,
  log,
  monotonic = () => performance.now(),
}: LimiterDeps): Limiter {
  const bucket = { system, account };
  const hand = new Map<string, { tokens: number; until: number }>();
  /** In the order in which they came. */
  const waiting = new Set<Waiter>();
  let arrivals = 0;
  const reserved = { calls: 0, creates: 0 };
  let taking: Promise<void> | null = null;
  /** No block is asked for before then (monotonic). */
  let nextAt = 0;
  let resting = new AbortController();

  const rateOf = (endpoint: string): number => (endpoint === ALL ? rates.account : rates.endpoint);

  function inHand(endpoint: string): number {
    const held = hand.get(endpoint);
    return held && monotonic() < held.until ? held.tokens : 0;
  }

  /**
   * How many of those who wait, and go before this one, could begin a call now: they wait for no
   * more than their own timer.
   */
  function ahead(waiter: Waiter | null): { all: number; here: number } {
    const counts = new Map<string, number>();
    for (const other of waiting) {
      if (waiter && !goesBefore(other, waiter)) continue;
      counts.set(other.endpoint, (counts.get(other.endpoint) ?? 0) + 1);
    }
    let all = 0;
    for (const [endpoint, count] of counts) all += Math.min(count, inHand(endpoint));
    return { all, here: waiter ? (counts.get(waiter.endpoint) ?? 0) : 0 };
  }

  function spend(waiter: Waiter): boolean {
    const { endpoint } = waiter;
    const { all, here } = ahead(waiter);
    if (inHand(ALL) - all < 1 || inHand(endpoint) - here < 1) return false;
    for (const name of [ALL, endpoint]) {
      const held = hand.get(name);
      if (held) held.tokens -= 1;
    }
    return true;
  }

  /** What is waited for, and with `forClaims` a block for what will be claimed. */
  function wants(forClaims: boolean): Want[] {
    const names = new Set([
      ALL,
      ...(forClaims ? [CREATE] : []),
      ...[...waiting].map(({ endpoint }) => endpoint),
    ]);
    return [...names].flatMap((endpoint): Want[] => {
      const rate = rateOf(endpoint);
      const waits = [...waiting].filter((waiter) => endpoint === ALL || waiter.endpoint === endpoint).length;
      const block = forClaims && (endpoint === ALL || endpoint === CREATE) ? Math.ceil(rate * BLOCK) : 0;
      const tokens = Math.max(waits, block) - inHand(endpoint);
      if (tokens <= 0) return [];
      return [{ endpoint, rate, burst: Math.max(1, rate * BURST), tokens }];
    });
  }

  /** One statement at a time, and none before there can be more. */
  function take(forClaims: boolean): Promise<void> {
    taking ??= takeBlock(forClaims).finally(() => (taking = null));
    return taking;
  }

  async function takeBlock(forClaims: boolean): Promise<void> {
    if (monotonic() < nextAt) return;
    const wanted = wants(forClaims);
    if (wanted.length === 0) return;
    const grants = await takeTokens(db, bucket, wanted);
    if (grants.length < wanted.length)
      await ensureBuckets(
        db,
        bucket,
        wanted.map(({ endpoint }) => endpoint),
      );
    const now = monotonic();
    for (const { endpoint, granted } of grants)
      if (granted > 0) hand.set(endpoint, { tokens: inHand(endpoint) + granted, until: now + GOOD_MS });
    const asked = new Map(wanted.map(({ endpoint, tokens }) => [endpoint, tokens]));
    const waits = grants.filter(({ endpoint, granted }) => granted < (asked.get(endpoint) ?? 0));
    if (waits.length > 0)
      nextAt = now + Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, ...waits.map(({ waitMs }) => waitMs)));
    if (grants.some(({ granted }) => granted > 0)) wakeAll();
  }

  /** Who rests looks again: what it waits for may be in hand. */
  function wakeAll(): void {
    resting.abort();
    resting = new AbortController();
  }

  const rest = (leftMs = Infinity): Promise<void> =>
    sleep(Math.max(1, Math.min(leftMs, nextAt - monotonic())), resting.signal);

  const free = (): Room => {
    const calls = Math.max(0, inHand(ALL) - reserved.calls - ahead(null).all);
    return { calls, creates: Math.min(calls, Math.max(0, inHand(CREATE) - reserved.creates)) };
  };

  return {
    async room() {
      if (free().creates === 0) await take(true);
      if (free().calls === 0) await rest();
      return free();
    },
    reserve(makes) {
      let held = true;
      const add = (by: 1 | -1): void => {
        reserved.calls += by;
        if (makes) reserved.creates += by;
      };
      add(1);
      return () => {
        if (held) add(-1);
        held = false;
      };
    },
    async take(endpoint, until, urgency = 0) {
      const waiter: Waiter = { endpoint, urgency, number: (arrivals += 1) };
      if (spend(waiter)) return monotonic() < until;
      waiting.add(waiter);
      try {
        while (monotonic() < until) {
          await take(false);
          // A process that was frozen here may have lost its lease: the time is asked last.
          if (spend(waiter)) return monotonic() < until;
          await rest(until - monotonic());
        }
        return false;
      } finally {
        waiting.delete(waiter);
      }
    },
    async slow(endpoint) {
      hand.delete(endpoint);
      const share = await slowBucket(db, bucket, endpoint);
      if (share !== null)
        log.warn('limits.slowed', {
          system,
          endpoint: endpoint === ALL ? 'all' : endpoint,
          per_second: Math.round(rateOf(endpoint) * share * 10) / 10,
        });
    },
  };
}

function goesBefore(one: Waiter, other: Waiter): boolean {
  return one.urgency < other.urgency || (one.urgency === other.urgency && one.number < other.number);
}
