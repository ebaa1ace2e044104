// How the events of one shop come to us: each once and in order, unless something was planned for them.
import type { Shop, ShopEvent } from './server.ts';

/** What becomes of the events that come next. */
export type Mishap = 'never' | 'late' | 'twice' | 'out of order';

export interface Mail {
  plan(mishap: Mishap): void;
  /** The events that come now. */
  take(): ShopEvent[];
  /** The late ones come with the next. */
  bringLate(): void;
  /** How often each mishap has met an event. */
  met: Record<string, number>;
}

export function createMail(shop: Pick<Shop, 'events'>): Mail {
  const planned = new Set<Mishap>();
  const met: Record<string, number> = {};
  let seen = 0;
  let late: ShopEvent[] = [];
  let due: ShopEvent[] = [];
  const meets = (mishap: Mishap, events: readonly ShopEvent[]): boolean => {
    if (!planned.has(mishap) || events.length < (mishap === 'out of order' ? 2 : 1)) return false;
    planned.delete(mishap);
    met[`event ${mishap}`] = (met[`event ${mishap}`] ?? 0) + 1;
    return true;
  };

  return {
    met,
    plan: (mishap) => void planned.add(mishap),
    bringLate() {
      due.push(...late);
      late = [];
    },
    take() {
      const fresh = shop.events().slice(seen);
      seen += fresh.length;
      let coming = [...fresh];
      if (meets('never', coming)) coming = coming.slice(1);
      if (meets('late', coming)) late.push(...coming.splice(0, 1));
      coming.push(...due);
      due = [];
      if (meets('twice', coming)) coming = coming.flatMap((event) => [event, event]);
      return meets('out of order', coming) ? coming.toReversed() : coming;
    },
  };
}
