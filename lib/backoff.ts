export type Backoff = {
  /** The ceiling after the first failure; it doubles with each further one. */
  baseMs: number;
  /** The ceiling never grows past this. */
  capMs: number;
  /** Gives numbers in [0, 1); tests hand in their own. */
  random?: () => number;
};

/**
 * How long to wait after `failures` failures in a row (1 or more), in whole milliseconds: "full jitter",
 * evenly spread between 0 and a ceiling that doubles up to the cap, so that many waiters do not come
 * back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function fullJitter(failures: number, { baseMs, capMs, random = Math.random }: Backoff): number {
  return Math.round(random() * backoffCeiling(failures, { baseMs, capMs }));
}

/** The longest that `fullJitter` can answer. */
export function backoffCeiling(failures: number, { baseMs, capMs }: Backoff): number {
  return Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 1));
}
