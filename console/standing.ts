// What the head of every page shows of the whole: how many need a person, and whether the records are real. A
// page does not wait for it: it shows what was known within the last
// minute, and what is older than 5 s is asked for anew.

import type { Api } from './api.ts';

export type Standing = {
  needPerson: number;
  /** Null: no account is bound yet. */
  isLive: boolean | null;
};

const KNOWN_MS = 5_000;
/** A figure from the last visit, hours ago, would be wrong: it is waited for. */
const SHOWN_MS = 60_000;
const MOST_KEYS = 100;

export function createStanding(now: () => Date) {
  const known = new Map<string, { at: number; last: Standing | null; next: Promise<Standing | null> }>();

  /** Null if the API does not say it. */
  return async (key: string | null, api: Api): Promise<Standing | null> => {
    const at = now().getTime();
    const found = known.get(key ?? '');
    if (found && at - found.at < KNOWN_MS) return found.last ?? found.next;
    if (known.size >= MOST_KEYS) known.clear();
    const last = found && at - found.at < SHOWN_MS ? found.last : null;
    const entry = { at, last, next: ask(api) };
    known.set(key ?? '', entry);
    void entry.next.then((standing) => (entry.last = standing));
    return entry.last ?? entry.next;
  };
}

async function ask(api: Api): Promise<Standing | null> {
  // A page that is shown says itself what is wrong with the API.
  const overview = await api.get('/api/v1/overview').catch(() => null);
  if (overview === null) return null;
  const modes = overview.systems.map(({ livemode }) => livemode);
  return {
    needPerson: overview.stuck.count,
    isLive: modes.includes(true) ? true : modes.includes(false) ? false : null,
  };
}
