import type { SystemOfWorld } from './system-of-world.ts';
import { toySystem } from './toy/beside-the-engine.ts';

const COUNT = 2_000;

/**
 * The settings of `make model`: `SEED=…` repeats one history; with `COUNT=…` as many from there on.
 */
export function modelSettings(): { seed: number; count: number } {
  const { SEED: seed, COUNT: count } = process.env;
  return {
    seed: Number(seed ?? Date.now() % 1_000_000),
    count: Number(count ?? (seed === undefined ? COUNT : 1)),
  };
}

/** `SYSTEM=toy make model`: the histories run against that system in place of Stripe. */
export function modelSystem(): { system?: SystemOfWorld } {
  const name = process.env['SYSTEM'];
  if (name === undefined || name === '' || name === 'stripe') return {};
  if (name === 'toy') return { system: toySystem() };
  throw new Error(`SYSTEM=${name}: the histories run against stripe and toy`);
}
