/** Random choices that a seed decides. */
export interface Chances {
  /** At least 0, less than 1. */
  random(): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T | undefined;
  shuffle<T>(all: readonly T[]): T[];
  /** Begins the choices of one move: they do not depend on the choices of earlier moves. */
  beginMove(number: number): void;
}

export function createChances(seed: number): Chances {
  let state = mix(seed, 0);
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    random,
    chance: (probability) => random() < probability,
    pick: (from) => from[Math.floor(random() * from.length)],
    shuffle: (all) =>
      all
        .map((value) => ({ value, order: random() }))
        .sort((a, b) => a.order - b.order)
        .map(({ value }) => value),
    beginMove: (number) => {
      state = mix(seed, number);
    },
  };
}

/** Neighbouring seeds and moves give unrelated choices. */
function mix(seed: number, move: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(move + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
