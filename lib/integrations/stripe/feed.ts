// Stripe's list of events (docs.stripe.com/api/events/list): the same events that webhooks bring.
// The list goes back 30 days, and its newest end may lack events that are being written, so the
// last minute by Stripe's own clock is not treated as complete.
import type { Stripe } from 'stripe';
import type { EventsPage, InboundEvent, ListWindow, TimeFeed } from '../integration.ts';
import { CUSTOMER_EVENTS } from './endpoint.ts';
import { unexpectedAnswer } from './evidence.ts';
import { pagesOf } from './pages.ts';
import { toAnswered } from './record.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function createFeed(stripe: Stripe, normalise: (event: unknown) => InboundEvent | null): TimeFeed {
  async function* pages(window: ListWindow): AsyncGenerator<EventsPage> {
    const types = [...CUSTOMER_EVENTS];
    for await (const { answer, fresh } of pagesOf(
      (params) => stripe.events.list({ ...params, types }),
      window,
      'event',
    )) {
      const events = fresh.map((event) => normalise(event) ?? noEvent());
      yield { ...toAnswered(answer.lastResponse), events };
    }
  }
  return {
    by: 'time',
    keptMs: 30 * DAY,
    tipMs: 60_000,
    everyMs: 60_000,
    overlapMs: 10 * 60_000,
    windowMs: 6 * HOUR,
    pages,
  };
}

function noEvent(): never {
  throw unexpectedAnswer('a list of events with one that has no id or type');
}
