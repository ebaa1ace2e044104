/**
 * The simulator's clock: real time (or the one given) and an offset, which is kept over restarts.
 */
import type { Store } from './store/store.ts';

export type Clock = ReturnType<typeof createClock>;

export function createClock(store: Store, source: () => number) {
  const move = (offset: number) => store.commit([{ op: 'clock', offset }]);
  return {
    /** ms since 1970. */
    now: () => source() + store.state.clockOffset,
    set: (ms: number) => move(ms - source()),
    advance: (ms: number) => move(store.state.clockOffset + ms),
  };
}
