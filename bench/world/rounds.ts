// Trials in the order A, B, B, A, and what they say: the median of paired ratios, with its spread.
import type { Finding } from '../suite/measure.ts';

export type Trials<T> = Map<string, T[]>;

/**
 * Each round runs all in their order and then in the opposite one, so that a machine that gets faster or slower
 * meanwhile favours none. One that answers null is left out from then on.
 */
export async function inTurns<T>(
  names: readonly string[],
  rounds: number,
  trial: (name: string) => Promise<T | null>,
): Promise<Trials<T>> {
  const trials: Trials<T> = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of [...names, ...names.toReversed()]) {
      const before = trials.get(name);
      if (before === undefined) continue;
      const result = await trial(name);
      if (result === null) trials.delete(name);
      else before.push(result);
    }
  }
  return trials;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

export type Spread = Required<Pick<Finding, 'value' | 'spread'>>;

export function spreadOf(values: readonly number[]): Spread {
  return { value: median(values), spread: [Math.min(...values), Math.max(...values)] };
}

/** Of trials that ran at the same place of a round. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread {
  const pairs = Math.min(ours.length, theirs.length);
  return spreadOf(ours.slice(0, pairs).map((value, at) => value / (theirs[at] ?? NaN)));
}
