// How many pairs need a person: every page shows it, so it is asked for at most once in 5 s for each key.

import type { Api } from './api.ts';

const KNOWN_MS = 5_000;
const MOST_KEYS = 100;

export function createAttention(now: () => Date) {
  const known = new Map<string, { at: number; count: Promise<number | null> }>();

  /** Null if the API does not say it. */
  return (key: string | null, api: Api): Promise<number | null> => {
    const at = now().getTime();
    const found = known.get(key ?? '');
    if (found && at - found.at < KNOWN_MS) return found.count;
    if (known.size >= MOST_KEYS) known.clear();
    const count = countNow(api);
    known.set(key ?? '', { at, count });
    return count;
  };
}

async function countNow(api: Api): Promise<number | null> {
  const groups = await api.get('/api/v1/groups').catch(() => []);
  return groups.reduce((sum, group) => sum + group.parked + group.waiting, 0);
}
