// The relay publishes every committed row of sync_events to the bus, at least once, and for each entity
// in the order of the commits (docs/relay.md).
//
// Guarantees: no row is left out, however late its transaction commits. No event waits for an unrelated
// transaction. One relay is active for each shard (shards.ts), others stand by. A row is published again only if the lease changed
// its owner, or if a publish or a save failed.
// Assumes: writers take their transaction id before they draw an event id, and lock the entity before they
// draw it (triggers and functions ensure both). Consumers recognise each event_id, and never go back to an
// older version.
//
// A crash between any two lines of a round leaves:
//   after take, before claim      a lease that expires; the cursor as it was
//   after claim                   a cursor that no earlier holder can save any more; nothing was sent
//   after read                    nothing
//   during or after publish       messages that the cursor does not know: the next holder sends them again
//   after hold                    messages that the cursor does not know: they are sent again (save.ts says how many)
//   after save                    the page is done; a page that was read ahead is read again
// The save is one transaction (cursor, relay_batches, notices of refused records). It does not wait for
// the disk: a crash of the server may undo it, and then the page is sent again. A relay that was frozen
// beyond its lease checks its deadline before each send, and the fence refuses its save: it can repeat
// messages, and it cannot move the cursor.

import { claimCursor, passWindow, type Cursor } from '../db/relay/cursor.ts';
import type { Address } from '../db/relay/identity.ts';
import { readInstanceId } from '../db/connections.ts';
import { WALKING_SHARD } from '../db/relay/floor-walk.ts';
import { readSecondsBehind } from '../db/relay/lag.ts';
import { leaseOf, WHOLE, type Shard } from '../db/relay/shards.ts';
import type { Db } from '../db/server/connection.ts';
import { fullJitter } from '../lib/backoff.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import { IdentityError } from '../lib/process/database-identity.ts';
import { toMessages, type HeaderStyle } from '../lib/events/envelope.ts';
import type { Routing } from '../lib/events/routing.ts';
import { failpoint } from '../lib/failpoint.ts';
import { createLease } from '../lib/lease.ts';
import type { Measures } from '../lib/measures.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { keepSequences } from '../lib/process/sequences.ts';
import { noteSkipped } from '../lib/skipped.ts';
import { newEventId } from '../lib/uuid.ts';
import { createFloorWalk } from './floor-walk.ts';
import { createIdentityCheck } from './identity-check.ts';
import { createPages } from './pages.ts';
import { toUnreadable, type ReadPage } from './read.ts';
import { toNotices } from './notices.ts';
import { createSave } from './save.ts';
import { sendPage, toBatches } from './send.ts';
import { ShardsChanged } from './shards-changed.ts';

export type RelayLog = Record<
  'info' | 'warn' | 'error',
  (event: string, fields?: Record<string, unknown>) => void
>;

export type RelayDeps = {
  db: Db;
  bus: Bus;
  clock: Clock;
  log: RelayLog;
  /** The address of the database (see addressOf). */
  address: Address;
  routing: Routing;
  headers: HeaderStyle;
  /** Reads the newest records of our topics; null for a bus that stores none. */
  newest?: (() => Promise<Received[]>) | null;
  /** Rows per page; default 1,000. */
  pageSize?: number;
  /** How long another relay waits after this one has died; default 5 s. */
  leaseMs?: number;
  /** The longest rest between polls that find nothing; default 200. `nudge` only makes polling quicker. */
  idleMs?: number;
  /** The shard whose events this relay publishes; default: there is one, with all events. */
  shard?: Shard;
  /** Into how many shards the relay of a new database is divided; default 1. */
  firstShards?: number;
  monotonic?: () => number;
  measures?: Measures;
};

export type Relay = {
  /** Sends one page, saves it, and returns its number of rows; 0 if there was none, or if another relay is active. */
  runOnce(): Promise<number>;
  /** Repeats rounds until stop(), and saves short pages together. Rejects with IdentityError, and with ShardsChanged. */
  start(): Promise<void>;
  /** An event was committed: poll now. May be called any number of times. */
  nudge(): void;
  /** Finishes the page in progress and releases the lease. */
  stop(): Promise<void>;
  isActive(): boolean;
  /** The age of the oldest undelivered row, in seconds; 0 if there is none. */
  secondsBehind(): Promise<number>;
};

/** How often the identity of the database is checked; after a failure it is checked at once. */
const IDENTITY_EVERY_MS = 5_000;

/** The least time between two attempts to move a sequence: if this role may not move it, it stays behind. */
const MOVE_EVERY_MS = 1_000;
const NOT_PUBLISHED =
  'the event is not on the bus; a notice is in the dlq, and the workers find its pair in PostgreSQL';

export function createRelay(deps: RelayDeps): Relay {
  const { db, bus, clock, log, address, routing, headers, newest = null } = deps;
  const { pageSize = 1_000, leaseMs = 5_000, idleMs = 200, monotonic = () => performance.now() } = deps;
  const { shard = WHOLE, firstShards = 1 } = deps;
  const lease = createLease({
    db,
    name: leaseOf(shard),
    lengthMs: leaseMs,
    monotonic,
    onError: (error) => log.warn('relay.lease_not_renewed', { error }),
  });
  const stopping = new AbortController();
  let fence: number | null = null;
  let cursor: Cursor | null = null;
  let installation = '';
  const pages = createPages(db, pageSize);
  const floorWalk = createFloorWalk({
    ...{ db, bus, clock, log, routing, headers, monotonic },
    installation: () => installation,
  });
  const identity = createIdentityCheck({ db, bus, log, address, newest, firstShards });
  let checkedAt = -Infinity;
  let movedAt = -Infinity;
  let loop: Loop | null = null;

  /** `together`: a short page may wait to be saved with the next ones. */
  async function round({ together }: { together: boolean }): Promise<number> {
    try {
      // A lease that was lost may have been taken away by a change of the shards.
      const isLost = fence !== null && !lease.isHeld();
      if (isLost || monotonic() - checkedAt >= IDENTITY_EVERY_MS) {
        const inForce = await identity.check();
        if (inForce !== shard.shards) throw new ShardsChanged(inForce);
        checkedAt = monotonic();
      }
      if (!lease.isHeld() && !(await becomeActive())) return 0;
      cursor ??= await claim();
      const page = await pages.next(cursor);
      if (page.sequence < cursor.floor) await moveSequence();
      const count = await deliver(cursor, page, together && !save.isDue());
      return count + (await walkBelowFloor(count));
    } catch (error) {
      // It is not known whether a failed save was written, nor which server answers next.
      await forgetCursor();
      checkedAt = -Infinity;
      throw error;
    }
  }

  /** The sequence was set back below the floor. Writers correct it too; ids drawn below are looked for. */
  async function moveSequence(): Promise<void> {
    if (monotonic() - movedAt < MOVE_EVERY_MS) return;
    movedAt = monotonic();
    await keepSequences({ db, log });
    floorWalk.lookNow();
  }

  /** 1 if the walk has more rows to read, otherwise 0. */
  async function walkBelowFloor(count: number): Promise<number> {
    if (cursor === null || fence === null || shard.shard !== WALKING_SHARD) return 0;
    const more = await floorWalk.step({ fence, busy: count > 0, mayStillSend: lease.isHeld });
    return more ? 1 : 0;
  }

  async function becomeActive(): Promise<boolean> {
    await forgetCursor();
    fence = await lease.take();
    if (fence === null) return false;
    log.info('relay.active', { owner: lease.owner, fence, ...(shard.shards > 1 && shard) });
    return true;
  }

  async function claim(): Promise<Cursor> {
    // A copy gets its instance id while no relay runs, so the id that is read here is the new one.
    installation = await readInstanceId(db);
    await identity.refuseOlderState();
    const claimed =
      fence === null ? null : await claimCursor(db, { ...shard, fence, bus: await bus.identity() });
    if (claimed) return claimed;
    // Another relay has the cursor, or after the check it was bound to another bus or divided anew; the next round finds out.
    lease.forget();
    throw new Error(`the cursor could not be claimed with fence ${fence}`);
  }

  /** Sends the page and moves the cursor past it; the saved cursor too, unless the page `mayWait`. */
  async function deliver(from: Cursor, page: ReadPage, mayWait: boolean): Promise<number> {
    const { rows, win, sequence, unreadable = [] } = page;
    const last = [rows.at(-1), unreadable.at(-1)]
      .filter((row) => row !== undefined)
      .sort((a, b) => b.id - a.id)[0];
    const count = rows.length + unreadable.length;
    const closed = count < pageSize;
    // An empty window is closed only if the floors are behind: else every poll would read delivered rows.
    const settled = mayWait || (from.floor >= sequence && save.waiting() === 0);
    if (last === undefined && from.win === null && settled) return 0;
    if (last !== undefined && !closed) pages.readAhead({ ...from, win, lastId: last.id });
    await failpoint('relay.before-publish');
    const messages = toMessages(rows, { routing, headers, installation });
    const sent = await sendPage(bus, messages, lease.isHeld);
    await failpoint('relay.after-publish');
    if (sent === null) return await giveUpLease('its lease ended before the page was sent');
    const unrouted = rows.filter(({ eventType }) => routing(eventType).length === 0).length;
    for (const { id, error } of unreadable) await skip(`sync_events ${id}`, NOT_PUBLISHED, error);
    const done = {
      ...{ ...shard, fence: from.fence, seen: from.seen, lateFloors: from.lateFloors },
      ...{ win, closed, sequence, unrouted },
      lastId: last?.id ?? from.lastId,
      published: rows.length - unrouted,
      batches: toBatches(messages, sent.places),
      refused: [
        ...toNotices(sent.refused, { clock, log }),
        ...unreadable.map((row) => toUnreadable(row, newEventId(clock.now()))),
      ],
      now: clock.now(),
    };
    const isPlain = closed && done.refused.length === 0 && from.restoredTo === null;
    if (mayWait && isPlain && save.waiting() + count < pageSize) {
      save.hold(rows, done);
      cursor = passWindow(from, win);
      return count;
    }
    cursor = await save.save(rows, done);
    if (cursor === null) return await giveUpLease('another relay has taken over the cursor');
    await failpoint('relay.after-save');
    return count;
  }

  const skip = (item: string, instead: string, error: unknown): Promise<void> =>
    noteSkipped({ db, clock, log }, { loop: 'relay', item, instead }, error);
  const save = createSave({ db, clock, skip, monotonic, measures: deps.measures });

  async function giveUpLease(why: string): Promise<0> {
    log.warn('relay.lost', { why, fence });
    lease.forget();
    await forgetCursor();
    return 0;
  }

  /** The window that was passed last becomes the cursor. The newest id is not known, and the floors need none. */
  async function saveWaiting(): Promise<void> {
    if (cursor === null || save.waiting() === 0) return;
    const { fence: mine, seen, lateFloors } = cursor;
    const empty = { published: 0, unrouted: 0, batches: [], refused: [], sequence: 0, lastId: 0 };
    await save.save([], {
      ...empty,
      ...shard,
      fence: mine,
      seen,
      lateFloors,
      win: seen,
      closed: true,
      now: clock.now(),
    });
  }

  async function forgetCursor(): Promise<void> {
    cursor = null;
    save.forget();
    await pages.forget();
  }

  async function run(): Promise<void> {
    loop = runLoop(() => round({ together: true }), {
      idleMs,
      busyMs: Math.min(3, idleMs),
      backoffMs: (failures) => fullJitter(failures, { baseMs: 50, capMs: 2_000 }),
      onError(error, failures) {
        if (error instanceof IdentityError || error instanceof ShardsChanged) throw error;
        log.warn('relay.failed', { error, failures });
      },
      signal: stopping.signal,
    });
    try {
      await loop.done;
      await saveWaiting();
    } finally {
      await forgetCursor();
      await lease.release();
    }
  }

  let running: Promise<void> | null = null;
  return {
    runOnce: () => round({ together: false }),
    start: () => (running ??= run()),
    nudge: () => loop?.wake(),
    async stop() {
      stopping.abort();
      // The caller of start() gets the error.
      await running?.catch(() => undefined);
      await forgetCursor();
      await lease.release();
    },
    isActive: () => lease.isHeld(),
    secondsBehind: () => readSecondsBehind(db, clock.now()),
  };
}
