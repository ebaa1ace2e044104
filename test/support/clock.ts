import type { Clock } from '../../lib/clock.ts';

export type TestClock = Clock & {
  /** Moves on by so many milliseconds. */
  advance(ms: number): void;
  set(time: Date): void;
};

/** A clock that stands still until it is moved. */
export function createTestClock(start = new Date('2026-01-01T00:00:00Z')): TestClock {
  let time = start.getTime();
  return {
    now: () => new Date(time),
    advance(ms) {
      time += ms;
    },
    set(to) {
      time = to.getTime();
    },
  };
}
