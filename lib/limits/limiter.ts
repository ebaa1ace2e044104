// How often we may ask: tokens of the account as a whole and of each endpoint, taken from Postgres in blocks, so that all workers on
// a database share one allowance. A block is taken before anything is claimed; a call spends one token of each kind.
//
// No lock is held while a token is waited for or a call is out. A process that dies with a block loses those tokens and nothing
// else: they were taken off the bucket, so the rate is kept. Tokens in hand are worth nothing after a second; a process that was
// frozen does not come back with a burst.
import type { Db } from '../../db/connection.ts';
import { ensureBuckets, slowBucket, takeTokens, type Bucket, type Want } from '../../db/buckets.ts';
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
  /** Takes a block where nothing is in hand. Where there is nothing to be had it rests for a moment, and answers none. */
  room(): Promise<Room>;
  /** Keeps a token of the block for somebody who was claimed; the answer gives it back, once. */
  reserve(makes: boolean): () => void;
  /** Waits for its turn at an endpoint; false if that does not come by then (monotonic). */
  turn(endpoint: string, until: number): Promise<boolean>;
  /** The system said "too often": of one endpoint, or of the account (''). */
  slow(endpoint: string): Promise<void>;
}

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
  const waiting = new Map<string, number>();
  const reserved = { calls: 0, creates: 0 };
  let taking: Promise<void> | null = null;
  /** No block is asked for before then (monotonic). */
  let nextAt = 0;

  const rateOf = (endpoint: string): number => (endpoint === ALL ? rates.account : rates.endpoint);

  function inHand(endpoint: string): number {
    const held = hand.get(endpoint);
    return held && monotonic() < held.until ? held.tokens : 0;
  }

  function spend(endpoint: string): boolean {
    if (inHand(ALL) < 1 || inHand(endpoint) < 1) return false;
    for (const name of [ALL, endpoint]) {
      const held = hand.get(name);
      if (held) held.tokens -= 1;
    }
    return true;
  }

  /** What is waited for, and with `ahead` a block for what will be claimed. */
  function wants(ahead: boolean): Want[] {
    const names = new Set([ALL, ...(ahead ? [CREATE] : []), ...waiting.keys()]);
    const everyone = [...waiting.values()].reduce((sum, count) => sum + count, 0);
    return [...names].flatMap((endpoint): Want[] => {
      const rate = rateOf(endpoint);
      const waits = endpoint === ALL ? everyone : (waiting.get(endpoint) ?? 0);
      const block = ahead && (endpoint === ALL || endpoint === CREATE) ? Math.ceil(rate * BLOCK) : 0;
      const tokens = Math.max(waits, block) - inHand(endpoint);
      if (tokens <= 0) return [];
      return [{ endpoint, rate, burst: Math.max(1, rate * BURST), tokens }];
    });
  }

  /** One statement at a time, and none before there can be more. */
  function take(ahead: boolean): Promise<void> {
    taking ??= takeBlock(ahead).finally(() => (taking = null));
    return taking;
  }

  async function takeBlock(ahead: boolean): Promise<void> {
    if (monotonic() < nextAt) return;
    const wanted = wants(ahead);
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
    const waits = grants.filter(({ endpoint }) => inHand(endpoint) < 1).map(({ waitMs }) => waitMs);
    if (waits.length > 0) nextAt = now + Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, ...waits));
  }

  const rest = (leftMs = Infinity): Promise<void> =>
    sleep(Math.max(1, Math.min(leftMs, nextAt - monotonic())));

  const free = (): Room => {
    const calls = Math.max(0, inHand(ALL) - reserved.calls);
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
    async turn(endpoint, until) {
      if (spend(endpoint)) return monotonic() < until;
      waiting.set(endpoint, (waiting.get(endpoint) ?? 0) + 1);
      try {
        while (monotonic() < until) {
          await take(false);
          // A process that was frozen here may have lost its lease: the time is asked last.
          if (spend(endpoint)) return monotonic() < until;
          await rest(until - monotonic());
        }
        return false;
      } finally {
        const left = (waiting.get(endpoint) ?? 1) - 1;
        if (left === 0) waiting.delete(endpoint);
        else waiting.set(endpoint, left);
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
