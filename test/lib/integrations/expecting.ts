import type { CursorFeed, Fetched, Integration, TimeFeed } from '../../../lib/integrations/integration.ts';

/** The record of an answer that has to have one. */
export function present(fetched: Fetched): Extract<Fetched, { state: 'present' }> {
  if (fetched.state !== 'present') throw new Error(`expected a record, found ${fetched.state}`);
  return fetched;
}

export function required<T>(thing: T | null | undefined): T {
  if (thing === null || thing === undefined) throw new Error('expected something');
  return thing;
}

/** The feed of a system whose events are listed by time. */
export function timeFeedOf({ feed }: Integration): TimeFeed {
  if (feed?.by !== 'time') throw new Error('expected a list of events by time');
  return feed;
}

/** The feed of a system whose events lie behind a cursor. */
export function cursorFeedOf({ feed }: Integration): CursorFeed {
  if (feed?.by !== 'cursor') throw new Error('expected a feed with a cursor');
  return feed;
}
