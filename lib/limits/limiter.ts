// How often calls may be made: rate tokens of the account as a whole and of each endpoint, taken
// from PostgreSQL in blocks, so that all workers on a database share one allowance. A block is
// taken before a mapping is claimed; a call uses one token of each kind.
//
// Calls that wait for a token get it in the order of urgency, and before new mappings are claimed.
//
// No lock is held while a call waits for a token or is open. A process that dies with a block loses
// those tokens and nothing else: they were taken off the bucket, so the rate is kept. A token is
// valid for a second; a process that was frozen does not come back with a burst of calls.
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
  /** How many calls may begin now. */
  calls: number;
  /** How many of them may create a record. */
  creates: number;
}

export interface Limiter {
  /**
   * Takes a block if no token is left. If no token is available, it waits for a moment and returns
   * none.
   */
  room(): Promise<Room>;
  /**
   * Keeps a token of the block for a mapping that was claimed; calling the result gives it back,
   * once.
   */
  reserve(makes: boolean): () => void;
  /**
   * Waits for its token at an endpoint; false if none comes by then (monotonic). Of the calls that
   * wait, the one with the smallest urgency goes first, then the one that has waited longest.
   */
  take(endpoint: string, until: number, urgency?: number): Promise<boolean>;
  /** So many calls of an endpoint follow soon: their tokens are fetched meanwhile, if it has none in hand. */
  expect(endpoint: string, calls: number): void;
  /** The system answered that calls come too often: at one endpoint, or in the account (''). */
  slow(endpoint: string): Promise<void>;
}

/** A call that waits for its token. */
type Waiter = { endpoint: string; urgency: number; number: number };

/** The account as a whole. */
const ALL = '';
/** Creates have a limit of their own, and a backlog of their own after an import. */
const CREATE = 'create';
/** How many seconds of the rate are saved up, and how much of that one block takes. */
const BURST = 0.4;
const BLOCK = 0.2;
/** How long a token is valid. */
const GOOD_MS = 1_000;
/** The shortest wait between two blocks: one statement for each single token would be waste. */
const LEAST_WAIT_MS = 80;
const MOST_WAIT_MS = 250;

/** How many tokens of a rate may be saved up. */
export function burstOf(rate: number): number {
  return Math.max(1, rate * BURST);
}

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
  /** In the order in which they began to wait. */
  const waiting = new Set<Waiter>();
  let arrivals = 0;
  const reserved = { calls: 0, creates: 0 };
  /** Calls that follow soon, until their tokens were asked for. */
  const expected = new Map<string, number>();
  let taking: Promise<void> | null = null;
  /** The time of the next block at the earliest (monotonic). */
  let nextAt = 0;
  let resting = new AbortController();

  const rateOf = (endpoint: string): number => (endpoint === ALL ? rates.account : rates.endpoint);

  function inHand(endpoint: string): number {
    const held = hand.get(endpoint);
    return held && monotonic() < held.until ? held.tokens : 0;
  }

  /**
   * How many of the calls that go before this one could begin now: these wait for nothing but their
   * own timer.
   */
  function ahead(waiter: Waiter | null): { all: number; atEndpoint: number } {
    const counts = new Map<string, number>();
    for (const other of waiting) {
      if (waiter && !goesBefore(other, waiter)) continue;
      counts.set(other.endpoint, (counts.get(other.endpoint) ?? 0) + 1);
    }
    let all = 0;
    for (const [endpoint, count] of counts) all += Math.min(count, inHand(endpoint));
    return { all, atEndpoint: waiter ? (counts.get(waiter.endpoint) ?? 0) : 0 };
  }

  function spend(waiter: Waiter): boolean {
    const { endpoint } = waiter;
    const { all, atEndpoint } = ahead(waiter);
    if (inHand(ALL) - all < 1 || inHand(endpoint) - atEndpoint < 1) return false;
    for (const name of [ALL, endpoint]) {
      const held = hand.get(name);
      if (held) held.tokens -= 1;
    }
    return true;
  }

  /**
   * The tokens that calls wait for, and with `forClaims` a block for mappings that will be claimed.
   */
  function wants(forClaims: boolean): Want[] {
    const names = new Set([
      ALL,
      ...(forClaims ? [CREATE] : []),
      ...[...waiting].map(({ endpoint }) => endpoint),
      ...expected.keys(),
    ]);
    return [...names].flatMap((endpoint): Want[] => {
      const rate = rateOf(endpoint);
      const waits = [...waiting].filter((waiter) => endpoint === ALL || waiter.endpoint === endpoint).length;
      const block = forClaims && (endpoint === ALL || endpoint === CREATE) ? Math.ceil(rate * BLOCK) : 0;
      const tokens = Math.max(waits, block, expected.get(endpoint) ?? 0) - inHand(endpoint);
      if (tokens <= 0) return [];
      return [{ endpoint, rate, burst: burstOf(rate), tokens }];
    });
  }

  /** One statement at a time, and none before new tokens can exist. */
  function take(forClaims: boolean): Promise<void> {
    taking ??= takeBlock(forClaims).finally(() => (taking = null));
    return taking;
  }

  async function takeBlock(forClaims: boolean): Promise<void> {
    if (monotonic() < nextAt) return;
    const wanted = wants(forClaims);
    expected.clear();
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

  /** Wakes all that wait: their token may be available. */
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
          // A process that was frozen at this point may have lost its lease: the time is checked
          // last.
          if (spend(waiter)) return monotonic() < until;
          await rest(until - monotonic());
        }
        return false;
      } finally {
        waiting.delete(waiter);
      }
    },
    expect(endpoint, calls) {
      if (calls <= inHand(endpoint)) return;
      expected.set(endpoint, calls);
      // Who needs a token then gets the error of its own statement.
      take(false).catch(() => undefined);
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
