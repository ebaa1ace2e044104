// A list of Toy, page by page and newest first: `{ items, next }`, where `next` is where the next page
// begins. A page that says neither is not an empty list.
import type { Answered, ListWindow } from '../../../../lib/integrations/integration.ts';
import { unexpectedAnswer, type ToyClient } from './client.ts';

export type Page = { answered: Answered; items: unknown[] };
export type Pages = (path: string, window: ListWindow, also?: Record<string, string>) => AsyncIterable<Page>;

export function createPages(call: ToyClient): Pages {
  return async function* pages(path, { createdFrom, createdTo }, also = {}) {
    const query = new URLSearchParams(also);
    if (createdFrom) query.set('from', createdFrom.toISOString());
    if (createdTo) query.set('to', createdTo.toISOString());
    const seen = new Set<string>();
    for (;;) {
      const { answered, body } = await call('GET', `${path}?${query.toString()}`);
      const { items, next } = body;
      if (!Array.isArray(items) || next === undefined) throw unexpectedAnswer();
      yield { answered, items };
      if (next === null) return;
      // A list that leads back to a page that was read would never end.
      if (typeof next !== 'string' || seen.has(next)) throw unexpectedAnswer();
      seen.add(next);
      query.set('after', next);
    }
  };
}
