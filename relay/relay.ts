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
//   while a save is under way     the same, and the page that was sent meanwhile
//   after save                    the page is done; a page that was read ahead is read again
// The save is one transaction (cursor, relay_batches, notices of refused records). It does not wait for
// the disk: a crash of the server may undo it, and then the page is sent again. A relay that was frozen
// beyond its lease checks its deadline before each send, and the fence refuses its save: it can repeat
// messages, and it cannot move the cursor.

import { claimCursor, passWindow, type Cursor } from '../db/relay/cursor.ts';
import { readInstanceId } from '../db/connections.ts';
import { WALKING_SHARD } from '../db/relay/floor-walk.ts';
import { readSecondsBehind } from '../db/relay/lag.ts';
import { leaseOf, WHOLE } from '../db/relay/shards.ts';
import { fullJitter } from '../lib/backoff.ts';
import { IdentityError } from '../lib/process/database-identity.ts';
import { toMessages } from '../lib/events/envelope.ts';
import { failpoint } from '../lib/failpoint.ts';
import { createLease } from '../lib/lease.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import { keepSequences } from '../lib/process/sequences.ts';
import { noteSkipped } from '../lib/skipped.ts';
import type { Relay, RelayDeps } from './contract.ts';
import { createFloorWalk } from './floor-walk.ts';
import { createIdentityCheck } from './identity-check.ts';
import { createPages } from './pages.ts';
import { outcomeOf } from './outcome.ts';
import type { ReadPage } from './read.ts';
import { createSave } from './save.ts';
import { createPipeline } from './pipeline.ts';
import { ShardsChanged } from './shards-changed.ts';

/** The least time between two attempts to move a sequence: if this role may not move it, it stays behind. */
const MOVE_EVERY_MS = 1_000;
/**
 * After a short page the next round begins so long after this one began: a round costs PostgreSQL nearly the same,
 * however few events it finds (decision 0110).
 */
const GATHER_MS = 5;
const TAKEN_OVER = 'another relay has taken over the cursor';
const NOT_PUBLISHED =
  'the event is not on the bus; a notice is in the dlq, and the workers find its pair in PostgreSQL';

export function createRelay(deps: RelayDeps): Relay {
  const { db, bus, clock, log, address, routing, headers, newest = null } = deps;
  const { pageSize = 250, leaseMs = 5_000, idleMs = 200, monotonic = () => performance.now() } = deps;
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
  const pipeline = createPipeline({
    ...{ bus, pages, mayStillSend: lease.isHeld },
    toMessages: ({ rows }) => toMessages(rows, { routing, headers, installation }),
  });
  const floorWalk = createFloorWalk({
    ...{ db, bus, clock, log, routing, headers, monotonic },
    installation: () => installation,
  });
  const identity = createIdentityCheck({ db, bus, log, address, newest, monotonic, firstShards });
  let movedAt = -Infinity;
  /** The open window began while the window before it was being closed in the database. */
  let isEarly = false;
  let loop: Loop | null = null;

  /** `together`: a short page may wait to be saved with the next ones. */
  async function round({ together }: { together: boolean }): Promise<number> {
    try {
      // A lease that was lost may have been taken away by a change of the shards.
      if (fence !== null && !lease.isHeld()) identity.forget();
      const inForce = await identity.keepChecked({ beside: together });
      if (inForce !== null && inForce !== shard.shards) throw new ShardsChanged(inForce);
      if (!lease.isHeld() && !(await becomeActive())) return 0;
      if (save.hasEnded() && !(await settleSave())) return 0;
      cursor ??= await claim();
      if (cursor.win === null) isEarly = save.isClosing();
      const page = await pages.next(cursor);
      if (page.sequence < cursor.floor) await moveSequence();
      const count = await deliver(cursor, page, { together, mayWait: together && !save.isDue() });
      return count + (await walkBelowFloor(count));
    } catch (error) {
      // It is not known whether a failed save was written, nor which server answers next.
      await forgetCursor();
      identity.forget();
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
  async function deliver(
    from: Cursor,
    page: ReadPage,
    { together, mayWait }: { together: boolean; mayWait: boolean },
  ): Promise<number> {
    const { rows, win, sequence, unreadable = [] } = page;
    const last = [rows.at(-1), unreadable.at(-1)]
      .filter((row) => row !== undefined)
      .sort((a, b) => b.id - a.id)[0];
    const count = rows.length + unreadable.length;
    const closed = count < pageSize;
    // An empty window is closed only if the floors are behind: else every poll would read delivered rows.
    const settled = mayWait || (from.floor >= sequence && save.waiting() === 0);
    if (last === undefined && from.win === null && settled) return 0;
    await failpoint('relay.before-publish');
    const { messages, sent } = await pipeline.send(page);
    await failpoint('relay.after-publish');
    if (sent === null) return await giveUpLease('its lease ended before the page was sent');
    for (const { id, error } of unreadable) await skip(`sync_events ${id}`, NOT_PUBLISHED, error);
    const done = {
      ...{ ...startOf(from), win, sequence, lastId: last?.id ?? from.lastId, now: clock.now() },
      // The floors rise only with a window that began after the save before (db/relay/cursor.ts).
      closed: closed && !isEarly,
      ...outcomeOf(page, messages, sent, { routing, clock, log }),
    };
    const isPlain = done.refused.length === 0 && from.restoredTo === null;
    const behind = closed ? passWindow(from, win) : { ...from, win, lastId: done.lastId };
    if (mayWait && closed && isPlain && save.waiting() + count < pageSize) {
      save.hold(rows, done);
      cursor = behind;
      return count;
    }
    if (!(await settleSave())) return 0;
    save.begin(rows, done);
    cursor = behind;
    if (together && isPlain) return count;
    const saved = await save.settle();
    if (saved) cursor = closed && isEarly ? passWindow(saved, win) : saved;
    return saved ? count : await giveUpLease(TAKEN_OVER);
  }

  /** Takes the outcome of the save that was begun. False if another relay has the cursor. */
  async function settleSave(): Promise<boolean> {
    const saved = await save.settle();
    if (saved === null) await giveUpLease(TAKEN_OVER);
    if (saved && cursor) cursor = { ...cursor, floor: saved.floor };
    return saved !== null;
  }

  const startOf = ({ fence, seen, lateFloors }: Cursor) => ({ ...shard, fence, seen, lateFloors });
  const skip = (item: string, instead: string, error: unknown): Promise<void> =>
    noteSkipped({ db, clock, log }, { loop: 'relay', item, instead }, error);
  const save = createSave({ db, clock, skip, monotonic, measures: deps.measures });

  async function giveUpLease(why: string): Promise<0> {
    log.warn('relay.lost', { why, fence });
    lease.forget();
    await forgetCursor();
    return 0;
  }

  /** The window that was passed last becomes the cursor, with an empty one behind it that the next relay closes. */
  async function saveWaiting(): Promise<void> {
    if (!(await settleSave()) || cursor === null || save.waiting() === 0) return;
    const empty = { published: 0, unrouted: 0, batches: [], refused: [], sequence: 0, lastId: 0 };
    save.begin([], { ...startOf(cursor), ...empty, win: cursor.seen, closed: false, now: clock.now() });
    await save.settle();
  }

  async function forgetCursor(): Promise<void> {
    cursor = null;
    await save.forget();
    await pages.forget();
  }

  async function run(): Promise<void> {
    loop = runLoop(() => round({ together: true }), {
      idleMs,
      busyMs: GATHER_MS,
      gatherMs: (count) => (count < pageSize ? GATHER_MS : 0),
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
      await identity.settle();
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
