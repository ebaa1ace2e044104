/**
 * docs.stripe.com/rate-limits: limits of requests a second for the account, and for each endpoint
 * (a method with its route: reading, creating and updating a customer are three). Token buckets
 * that contain one second's worth, filled in real monotonic time: a moved simulator clock must not
 * allow a burst.
 */
import { performance } from 'node:perf_hooks';

export type RateLimits = {
  /** Requests a second over all endpoints of one account; null for no limit. */
  globalPerSecond: number | null;
  /** Requests a second to one endpoint of one account; null for no limit. */
  endpointPerSecond: number | null;
};

type Bucket = { tokens: number; filledAt: number };

export type RateLimiter = ReturnType<typeof createRateLimiter>;

export function createRateLimiter(limits: RateLimits, monotonicMs: () => number = () => performance.now()) {
  let current = limits;
  const buckets = new Map<string, Bucket>();

  function peek(name: string, perSecond: number | null, now: number): Bucket | null {
    if (perSecond === null) return null;
    const room = Math.max(1, perSecond); // otherwise a limit below one a second would let no request through
    let bucket = buckets.get(name);
    if (!bucket) buckets.set(name, (bucket = { tokens: room, filledAt: now }));
    bucket.tokens = Math.min(room, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = now;
    return bucket;
  }

  /**
   * The reason to refuse, or null after taking a token of each bucket; a refused request takes
   * none.
   */
  function take(account: string, endpoint: string): 'global-rate' | 'endpoint-rate' | null {
    const now = monotonicMs();
    const whole = peek(account, current.globalPerSecond, now);
    const one = peek(`${account} ${endpoint}`, current.endpointPerSecond, now);
    if (whole && whole.tokens < 1) return 'global-rate';
    if (one && one.tokens < 1) return 'endpoint-rate';
    if (whole) whole.tokens -= 1;
    if (one) one.tokens -= 1;
    return null;
  }

  return {
    take,
    get: (): RateLimits => ({ ...current }),
    set: (changes: Partial<RateLimits>): void => {
      current = { ...current, ...changes };
      buckets.clear();
    },
  };
}
