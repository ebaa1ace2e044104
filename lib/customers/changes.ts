// The changes of customers for a follower: every committed one, in an order in which the versions
// of one customer rise, however transactions overlap and however long one stays open. Deletions are
// changes like others.
//
// It is the relay's cursor (docs/relay.md) with its state in the follower's hands. What lies
// between the snapshots "seen" and "win" is a window; it goes out in order of event id, in pages,
// and when it is empty "win" becomes "seen". A transaction that was still running in "win" is in no
// window yet, and comes with the first one that sees it. The floors only bound the search: they
// roll when a window closes, by the pair `next`, which was read while the follower's earlier pages
// were: whoever has a transaction id at or above next.xid got it later, and draws the transaction
// id first and the event id second.
//
// Nothing is written, so a crash leaves nothing. The same position asked again gives the same
// changes again, and perhaps more.

import type { Db } from '../../db/server/connection.ts';
import {
  readChangesPage,
  readChangesStart,
  type ChangesPage,
  type ChangesStart,
  type CustomerChange,
  type Moment,
} from '../../db/events/customer-changes.ts';
import { parseSnapshot, snapshotText, type Position, type Snapshot } from './change-position.ts';

export type ChangesOutcome =
  | {
      outcome: 'read';
      changes: (CustomerChange & { position: Position })[];
      /** Where to go on. */
      position: Position;
      /** Whether there was more when this was read. */
      more: boolean;
    }
  /** What follows this position is no longer kept, or was another database's. */
  | { outcome: 'expired'; reason: 'retention' | 'other_database' };

/**
 * Rows that are looked at for one page, so that a page costs the same at the end of a long gap as
 * anywhere.
 */
const SCAN = 5_000;

/** Before the first transaction: nothing is visible in it. */
const NOTHING: Snapshot = { xmin: 1, xmax: 1, running: [] };

/** Where a follower begins that knows all customers as they are now. */
export async function presentPosition(db: Db): Promise<Position> {
  const start = await readChangesStart(db);
  const seen = parseSnapshot(start.win);
  const { place, settled, nextXid, sequence } = start;
  return {
    ...{ place, seen, window: null, next: { xid: nextXid, id: sequence } },
    floor: seen.xmax >= nextXid ? Math.max(settled, sequence) : settled,
    lateFloors: seen.running.map(() => settled),
  };
}

/** Changes behind a position, or from the oldest that is kept. */
export async function readChanges(
  db: Db,
  after: Position | null,
  limit: number,
  scan = SCAN,
): Promise<ChangesOutcome> {
  const from = after ?? oldestPosition(await readChangesStart(db));
  const { seen, floor, window } = from;
  const page = await readChangesPage(db, {
    ...{ seen: snapshotText(seen), floor, limit, scan },
    win: window && snapshotText(window.win),
    lastId: window?.lastId ?? 0,
    settledTo: window?.settledTo ?? 0,
    lateFloors: Object.fromEntries(seen.running.map((xid, at) => [xid, from.lateFloors[at] ?? 0])),
  });
  if (isOfAnotherDatabase(from, page)) return { outcome: 'expired', reason: 'other_database' };
  if (page.low < page.firstKept - 1) return { outcome: 'expired', reason: 'retention' };
  const win = parseSnapshot(page.win);
  const upTo = (lastId: number): Position => ({
    ...from,
    window: { win, lastId, settledTo: window?.settledTo ?? 0 },
  });
  const full = page.changes.length === limit ? page.changes.at(-1)?.eventId : undefined;
  const readTo = full ?? page.scannedTo;
  const position = readTo === null ? closeWindow(from, win, page) : upTo(readTo);
  return {
    outcome: 'read',
    position,
    // A window that was opened by an earlier answer ends where that one was asked, not now.
    more: readTo !== null || window !== null,
    changes: page.changes.map((change, at) => ({
      ...change,
      position: at === page.changes.length - 1 ? position : upTo(change.eventId),
    })),
  };
}

function oldestPosition({ place, win, settled, nextXid, sequence, firstKept }: ChangesStart): Position {
  return {
    ...{ place, seen: NOTHING, floor: settled, lateFloors: [], next: { xid: nextXid, id: sequence } },
    window: { win: parseSnapshot(win), lastId: Math.max(0, firstKept - 1), settledTo: settled },
  };
}

/**
 * Restored, or taken over by a server that may lack the newest: what the follower has seen may
 * never have happened here.
 */
function isOfAnotherDatabase({ place, seen, window }: Position, now: Moment): boolean {
  return place !== now.place || Math.max(seen.xmax, window?.win.xmax ?? 0) > now.nextXid;
}

/**
 * What was the window is seen; the floors rise by what is known of transactions that began later
 * than something was read.
 */
function closeWindow(from: Position, win: Snapshot, page: ChangesPage): Position {
  const { seen, next, floor, lateFloors } = from;
  const now = { xid: page.nextXid, id: page.sequence };
  const ripe = [next, now].filter(({ xid }) => win.xmax >= xid);
  const floorOf = (xid: number): number => {
    const late = lateFloors[seen.running.indexOf(xid)];
    return late ?? (xid >= next.xid ? Math.max(floor, next.id) : floor);
  };
  return {
    place: from.place,
    seen: win,
    floor: Math.max(floor, ...ripe.map(({ id }) => id)),
    lateFloors: win.running.map(floorOf),
    next: ripe.includes(next) ? now : next,
    window: null,
  };
}
