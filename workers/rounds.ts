// The status of work that is done in rounds, such as housekeeping: whether a round hangs, and how
// many rounds have failed.

export interface RoundsStatus {
  /** False if a round hangs, or if no more rounds begin. */
  goesOn: boolean;
  /** The number of failed rounds since the last successful one. */
  failures: number;
}

/**
 * The longest sweep of many pages takes less under a system's limits; the longest rest after
 * failures is a minute.
 */
const LONGEST_ROUND_MS = 10 * 60_000;
const LONGEST_REST_MS = 2 * 60_000;

export interface Rounds {
  /** Runs one round; throws the error of the round. */
  make<T>(round: () => Promise<T>): Promise<T>;
  status(): RoundsStatus;
}

export function createRounds(): Rounds {
  let failures = 0;
  /** The round in progress, or else the last one; `at` is of the monotonic clock. */
  const last = { running: false, at: performance.now() };
  return {
    async make(round) {
      Object.assign(last, { running: true, at: performance.now() });
      try {
        const result = await round();
        failures = 0;
        return result;
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
