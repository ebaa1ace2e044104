// The part of the contract about past events (integration.ts). Some systems list their events by time,
// others behind a cursor that only they can read; a feed has one of the two forms. The engine reads
// both into the inbox that webhooks fill too (lib/intake/sweep.ts, lib/intake/follow.ts).
import type { Answered } from './answered.ts';
import type { InboundEvent } from './webhooks.ts';

export interface ListWindow {
  createdFrom?: Date;
  createdTo?: Date;
}

export type EventsPage = Answered & { events: InboundEvent[] };

/** `by` says which form it has. */
export type EventFeed = TimeFeed | CursorFeed;

interface Kept {
  /**
   * How far back the feed goes, in milliseconds. What happened between a position older than that
   * and now counts as lost, whether the system says so or not.
   */
  keptMs: number;
  /** The time between two readings of the feed, in milliseconds. */
  everyMs: number;
}

/** A list of past events that is asked for by their time. */
export interface TimeFeed extends Kept {
  by: 'time';
  /**
   * Events younger than this, by the system's clock when it answered, may be missing from the list.
   */
  tipMs: number;
  /**
   * How far before the end of the last sweep the next one begins, since events are added to the
   * list late and out of order.
   */
  overlapMs: number;
  /** The longest window after a pause or an outage: once it is done, it need not be read again. */
  windowMs: number;
  /**
   * Every event of the types that we receive, in a window of the system's time, newest first; the
   * first page comes even if it is empty.
   */
  pages(window: ListWindow): AsyncIterable<EventsPage>;
}

/** Past events behind a cursor: a text that only the system can read. */
export interface CursorFeed extends Kept {
  by: 'cursor';
  /**
   * The events behind a cursor, a page at a time, in the system's order; the first page comes even if
   * it is empty. null takes a new cursor: that of the present, or an older one. It ends when nothing
   * more is there, or goes on for ever; the engine asks for a page only once the page before it is
   * stored, and one page takes no longer than `callTimeoutMs`, so a feed that waits for events gives
   * an empty page meanwhile.
   *
   * The same cursor gives the same events again, as long as the feed keeps them. Whatever the system
   * may add late lies behind the cursor of a page: an integration that needs an overlap puts it into
   * the cursor that it gives. A cursor that the system refuses is a page with `lost`, and no error.
   */
  follow(cursor: string | null): AsyncIterable<CursorPage>;
}

/**
 * `cursor`: where the next page begins; not empty. `lost`: before this page there were events that the
 * feed will never give. Only then `cursor` may be null, if the answer has none: the page is then the
 * last one, and the engine asks for a new cursor.
 */
export type CursorPage = EventsPage & ({ cursor: string; lost?: Loss } | { cursor: null; lost: Loss });

/** Events that a feed will never give. */
export interface Loss {
  /** When the first of them may have happened; left out: since the last page. */
  from?: Date;
  /** A short code for people, such as `cursor_expired`; it has no value of a record. */
  reason: string;
}
