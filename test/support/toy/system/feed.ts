// Toy's list of past events, for whatever no webhook brought.
import type { EventsPage, ListWindow, TimeFeed } from '../../../../lib/integrations/integration.ts';
import { unexpectedAnswer } from './client.ts';
import { readEvent } from './ingress.ts';
import type { Pages } from './pages.ts';
import type { Reading } from './record.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

export const KEPT_DAYS = 7;

export function createFeed(pages: Pages, reading: Reading): TimeFeed {
  return {
    by: 'time',
    keptMs: KEPT_DAYS * DAY,
    // The newest events may still be missing from the list.
    tipMs: 2 * SECOND,
    everyMs: 10 * SECOND,
    overlapMs: MINUTE,
    windowMs: DAY,
    async *pages(window: ListWindow): AsyncGenerator<EventsPage> {
      for await (const { answered, items } of pages('/events', window)) {
        yield { ...answered, events: items.map((event) => readEvent(event, reading) ?? noEvent()) };
      }
    },
  };
}

/** An event that cannot be told from its repeats must not be passed over in silence. */
function noEvent(): never {
  throw unexpectedAnswer();
}
