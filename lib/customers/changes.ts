// The changes of rows for a follower: every committed change, in an order in which the
// versions of one customer rise, however transactions overlap and however long one stays open.
// Deletions are changes like others.
//
// The method is that of the relay's cursor (docs/relay.md), with the state kept by the follower.
// The changes between the snapshots "seen" and "win" are a window; it is delivered in the order of
// the event ids, in pages, and when it is empty "win" becomes "seen". A transaction that was still
// running in "win" is not in that window, and comes with the first window that sees it. The floors
// only bound the search. They rise when a window closes, by the pair `next`, which was read before
// the follower's earlier pages: a transaction with an id at or above next.xid got its id after that
// read, and it gets its event ids after its transaction id.
//
// Nothing is written, so a crash leaves nothing. The same position gives the same changes again,
// and perhaps more.

import type { Db } from '../../db/server/connection.ts';
import {
  readChangesPage,
  readChangesStart,
  type ChangesPage,
  type ChangesStart,
  type Moment,
  type RowChange,
} from '../../db/events/customer-changes.ts';
import { parseSnapshot, snapshotText, type Position, type Snapshot } from './change-position.ts';

export type ChangesOutcome =
  | {
      outcome: 'read';
      changes: (RowChange & { position: Position })[];
      /** The position for the next call. */
      position: Position;
      /** Whether there were more changes when this was read. */
      more: boolean;
    }
  /** What follows this position is no longer kept, or was another database's. */
  | { outcome: 'expired'; reason: 'retention' | 'other_database' };

/**
 * The most rows that are read for one page, so that a page after a long gap costs no more than any
 * other.
 */
const SCAN = 5_000;

/** Before the first transaction: no change is visible in it. */
const NOTHING: Snapshot = { xmin: 1, xmax: 1, running: [] };

/** The position for a follower that knows all customers as they are now. */
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

/** Changes after a position, or from the oldest that is kept; of all entities, or of one. */
export async function readChanges(
  db: Db,
  after: Position | null,
  limit: number,
  { scan = SCAN, entity = null }: { scan?: number; entity?: string | null } = {},
): Promise<ChangesOutcome> {
  const from = after ?? oldestPosition(await readChangesStart(db));
  const { seen, floor, window } = from;
  const page = await readChangesPage(db, {
    ...{ seen: snapshotText(seen), floor, limit, scan, entity },
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
    // A window that an earlier answer opened ends at the time of that answer, and not now.
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
 * The database was restored, or taken over by a server that may lack the newest changes: the
 * changes that the follower has seen may not exist in it.
 */
function isOfAnotherDatabase({ place, seen, window }: Position, now: Moment): boolean {
  return place !== now.place || Math.max(seen.xmax, window?.win.xmax ?? 0) > now.nextXid;
}

/**
 * The changes of the window are delivered; the floors rise as far as is known about transactions
 * that began after an earlier read.
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
