// Which contestants can be had here, and what becomes of one that fails.
import { OURS } from '../contestants/all.ts';
import type { Contestant } from '../contestants/contestant.ts';

/** Those that a goal names, which a short run takes where the others would need too much time. */
export const NAMED: readonly string[] = [OURS, 'debezium-tuned', 'poller'];

export async function present(all: readonly Contestant[], skipped: string[]): Promise<Contestant[]> {
  const found: Contestant[] = [];
  for (const contestant of all) {
    const reason = await contestant.missing();
    if (reason === null) found.push(contestant);
    else skipped.push(`${contestant.name}: ${reason}`);
  }
  return found;
}

/** A peer that loses an event or fails is left out, loudly; if ours does, the measurement has failed. */
export function trialOf<T>(
  all: readonly Contestant[],
  skipped: string[],
  run: (contestant: Contestant) => Promise<T>,
): (name: string) => Promise<T | null> {
  return async (name) => {
    const contestant = all.find((one) => one.name === name);
    if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
    try {
      return await run(contestant);
    } catch (error) {
      if (name === OURS) throw error;
      const text = error instanceof Error ? error.message : String(error);
      console.error(text);
      skipped.push(`${name}: ${text}`);
      return null;
    }
  };
}
