// What Toy's double was asked: one entry for each call, and how many writes had an effect.
import { createSignal } from '../../../../simulator/signal.ts';

export type Call = {
  method: string;
  path: string;
  key: string | null;
  status: number | null;
  effect: boolean;
};

export type Calls = ReturnType<typeof createCalls>;

export function createCalls() {
  const all: Call[] = [];
  const signal = createSignal();
  let begun = 0;
  let effects = 0;
  return {
    begin: (): void => void (begun += 1),
    end({ method, path, key, status, effect }: Call): void {
      all.push({ method, path, key, status, effect });
      effects += effect ? 1 : 0;
      signal.announce();
    },
    /** How many requests came in, of whatever kind, answered or not. */
    count: (): number => begun,
    effects: (): number => effects,
    /** Those that ended, oldest first. */
    all: (): Call[] => [...all],
    waitUntil: (enough: (calls: Call[]) => boolean): Promise<true> =>
      signal.until(() => (enough(all) ? true : null)),
  };
}
