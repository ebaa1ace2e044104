/**
 * The only sleep of the code base. Everything that works in rounds (relay, receive, reconcile, sweep)
 * hands its `runOnce` to `runLoop`; everything that must wait for another process uses `waitUntil`.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { AppError } from './errors.ts';

/** Does one batch and says how much it did; 0 means there was nothing to do. */
export type Step = (signal: AbortSignal) => Promise<number>;

export type LoopOptions = {
  /** The longest rest between rounds that find nothing; a function is asked before each rest. */
  idleMs: number | (() => number);
  /** The rest after the first round that finds nothing; it doubles up to `idleMs`. Default 5. A function is asked as above. */
  busyMs?: number | (() => number);
  /**
   * The least time from the beginning of a round that did so much to the next one; default none. A wake does not
   * shorten it.
   */
  gatherMs?: (count: number) => number;
  /** How long to rest after so many failures in a row (see `fullJitter`). */
  backoffMs: (failures: number) => number;
  /**
   * Called with each failure. What it throws ends the loop: so does a component say that it cannot
   * work.
   */
  onError: (error: unknown, failures: number) => void;
  signal: AbortSignal;
};

export type Loop = {
  /** Settles once the step in hand has finished after the signal, or `onError` threw. */
  done: Promise<void>;
  /** Ends a rest early; during a step it makes the next rest none. After failures the back-off stays. */
  wake(): void;
};

export function runLoop(step: Step, options: LoopOptions): Loop {
  const { idleMs, busyMs = 5, gatherMs = () => 0, backoffMs, onError, signal } = options;
  let woken = false;
  let endRest = (): void => undefined;
  let isWakeable = false;
  // Asked anew each time: both change while something is awaited, which the type checker does not see.
  const isStopped = () => signal.aborted;
  const isWoken = () => woken;

  // A timer alone: `sleep` needs a signal of its own for each rest, and an idle process does little else than rest.
  async function pause(ms: number, wakeable: boolean): Promise<void> {
    if (isStopped() || (wakeable && woken)) return;
    isWakeable = wakeable;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    let restMs = 0;
    while (!isStopped()) {
      woken = false;
      const began = performance.now();
      try {
        const count = await step(signal);
        failures = 0;
        if (count > 0) {
          restMs = 0;
          const left = gatherMs(count) - (performance.now() - began);
          if (left > 0) await pause(left, false);
          continue;
        }
      } catch (error) {
        // A step that fails because the loop was stopped has not failed.
        if (isStopped()) return;
        failures += 1;
        onError(error, failures);
        await pause(backoffMs(failures), false);
        continue;
      }
      restMs = Math.max(restMs, msOf(busyMs));
      await pause(restMs, true);
      restMs = isWoken() ? 0 : Math.min(msOf(idleMs), restMs * 2);
    }
  }

  const stop = (): void => endRest();
  signal.addEventListener('abort', stop, { once: true });
  return {
    // Not before the caller has the loop: its step may want to wake it.
    done: Promise.resolve()
      .then(run)
      .finally(() => signal.removeEventListener('abort', stop)),
    wake() {
      woken = true;
      if (isWakeable) endRest();
    },
  };
}

const msOf = (ms: number | (() => number)): number => (typeof ms === 'number' ? ms : ms());

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await rest(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The only way for the timer to fail is the signal, and that is what a caller asked for.
    if (signal?.aborted !== true) throw error;
  }
}

/**
 * Asks again and again until the condition answers something other than false or undefined, and gives
 * that answer; for what happens in another process and cannot call us. Throws `timeout` after the deadline.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, what }: { timeoutMs: number; everyMs?: number; what: string },
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
    if (performance.now() >= deadline) {
      throw new AppError('timeout', { detail: `${what}: not within ${timeoutMs} ms`, retryable: true });
    }
    await sleep(everyMs);
  }
}
