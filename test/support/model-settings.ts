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
