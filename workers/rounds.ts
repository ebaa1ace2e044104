// Whether what works in rounds still does: a round that hangs shows no sign of life, and rounds that
// fail again and again are shown to people.

export interface RoundsStatus {
  /** Rounds begin and end; false once one hangs, or no more are made. */
  goesOn: boolean;
  /** Rounds in a row that failed. */
  failures: number;
}

/** A sweep of many pages under a system's limits, at most; and the longest rest after failures is a minute. */
const LONGEST_ROUND_MS = 10 * 60_000;
const LONGEST_REST_MS = 2 * 60_000;

export interface Rounds {
  /** One round; throws what it throws. */
  make<T>(round: () => Promise<T>): Promise<T>;
  status(): RoundsStatus;
}

export function createRounds(): Rounds {
  let failures = 0;
  /** The round in hand, or the last one, by the monotonic clock. */
  const last = { running: false, at: performance.now() };
  return {
    async make(round) {
      Object.assign(last, { running: true, at: performance.now() });
      try {
        const made = await round();
        failures = 0;
        return made;
      } catch (error) {
        failures += 1;
        throw error;
      } finally {
        Object.assign(last, { running: false, at: performance.now() });
      }
    },
    status: () => ({
      failures,
      goesOn: performance.now() - last.at < (last.running ? LONGEST_ROUND_MS : LONGEST_REST_MS),
    }),
  };
}
