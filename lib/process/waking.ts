// How a relay in a process of its own learns of events: the writers announce them after their commit, and the relay
// listens. The relay also polls, so an announcement that is lost costs one rest (docs/relay.md).
import { announceEvents, EVENTS_CHANNEL } from '../../db/relay/announce.ts';
import type { Db } from '../../db/server/connection.ts';
import { openListener } from '../../db/server/listener.ts';
import { fullJitter } from '../backoff.ts';
import type { Logger } from '../log.ts';
import { runLoop } from '../loop.ts';

type Log = Pick<Logger, 'info' | 'warn'>;

/** So soon after an event the relay looks again by itself (its rests begin at 5 ms and double). */
const AWAKE_MS = 10;
/** However many events come, one announcement in so long: the one before may have been lost. */
const AGAIN_MS = 1_000;

export type Announcer = {
  /** Events were committed. May be called any number of times; never throws. */
  nudge(): void;
  /** Waits for an announcement that is being made. */
  settle(): Promise<void>;
};

/** For processes that write events: one announcement at a time, outside every transaction. */
export function createAnnouncer({
  db,
  log,
  monotonic = () => performance.now(),
}: {
  db: Db;
  log: Log;
  monotonic?: () => number;
}): Announcer {
  let nudgedAt = -Infinity;
  let announcedAt = -Infinity;
  let failed = false;
  let open: Promise<void> | null = null;
  let more = false;

  async function announce(): Promise<void> {
    try {
      do {
        more = false;
        announcedAt = monotonic();
        await announceEvents(db);
        failed = false;
        // A nudge came meanwhile, which the type checker does not see.
      } while (more as boolean);
    } catch (error) {
      announcedAt = -Infinity;
      if (!failed) log.warn('events.not_announced', { error });
      failed = true;
    } finally {
      open = null;
    }
  }

  return {
    nudge() {
      const now = monotonic();
      const isAwake = now - nudgedAt < AWAKE_MS && now - announcedAt < AGAIN_MS;
      nudgedAt = now;
      if (isAwake) return;
      if (open) more = true;
      else open = announce();
    },
    settle: () => open ?? Promise.resolve(),
  };
}

export type Listening = {
  /** Whether announcements are received now. */
  isOn(): boolean;
  stop(): Promise<void>;
};

/** `onEvents`: called for each announcement, and when listening begins, since events may have come before. */
export function listenForEvents({
  url,
  log,
  onEvents,
}: {
  url: string;
  log: Log;
  onEvents: () => void;
}): Listening {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let isOn = false;
  let isLost = false;

  async function listen(): Promise<number> {
    const listener = await openListener({
      ...{ url, onNotice: onEvents, channel: EVENTS_CHANNEL },
      applicationName: 'twinbox relay listening',
    });
    if (listener === null) {
      log.info('relay.not_listening', { why: 'a pooler lends its sessions: the relay polls' });
      await stopped;
      return 0;
    }
    isOn = true;
    isLost = false;
    onEvents();
    await Promise.race([listener.ended, stopped]);
    isOn = false;
    await listener.close();
    throw new Error('the connection that listens was lost');
  }

  const loop = runLoop(listen, {
    idleMs: 1_000,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 200, capMs: 5_000 }),
    onError(error) {
      if (!isLost) log.warn('relay.not_listening', { error });
      isLost = true;
    },
    signal: stopping.signal,
  });
  return {
    isOn: () => isOn,
    async stop() {
      stopping.abort();
      await loop.done;
    },
  };
}
