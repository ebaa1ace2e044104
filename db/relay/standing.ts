// How far a cursor has come, and how far several have come together. Used when the number of shards changes: each new
// shard gets entities of several old ones, and begins where all of these have passed.
//
// Of two snapshots of one cluster the older one shows a part of what the newer one shows: transactions only end. So
// they are in an order, and the cursor with the oldest `seen` is behind every other one. What its floors say is said of
// transactions and not of entities (relay.md), so they hold for the entities of every shard. Events that another shard
// has passed already are published again.

export type Standing = {
  seen: string;
  win: string | null;
  lastId: number;
  floor: number;
  pendingFloor: number;
  /** JSON: xid running in `seen` -> floor. */
  lateFloors: string;
  restoredTo: number | null;
};

/** What all of them have passed, as a cursor. */
export function commonStanding(all: readonly [Standing, ...Standing[]]): Standing {
  const [first] = all;
  const behind = all.reduce((a, b) => (isBehind(b, a) ? b : a), first);
  const { win } = behind;
  const lastId = win === null ? 0 : Math.min(behind.lastId, ...all.map((each) => passedIn(win, each)));
  // Nothing of the window is passed by all: the next window begins anew.
  return lastId === 0 ? { ...behind, win: null, lastId: 0 } : { ...behind, lastId };
}

/** By `seen`, then by the window; a cursor without a window is behind one that has begun it. */
function isBehind(a: Standing, b: Standing): boolean {
  const order = compareSnapshots(a.seen, b.seen);
  if (order !== 0) return order < 0;
  if (a.win === null || b.win === null) return a.win === null && b.win !== null;
  return compareSnapshots(a.win, b.win) < 0;
}

/** Up to which id the cursor has passed the rows that `win` shows. */
function passedIn(win: string, { seen, win: own, lastId }: Standing): number {
  if (compareSnapshots(seen, win) >= 0) return Infinity;
  return own !== null && compareSnapshots(own, win) >= 0 ? lastId : 0;
}

/** Below 0 if `a` is the older one: its xmax is lower, or more of the transactions below it still run. */
export function compareSnapshots(a: string, b: string): number {
  const [one, other] = [readSnapshot(a), readSnapshot(b)];
  if (one.xmax !== other.xmax) return one.xmax < other.xmax ? -1 : 1;
  return other.running - one.running;
}

function readSnapshot(text: string): { xmax: bigint; running: number } {
  const [, xmax = '0', running = ''] = text.split(':');
  return { xmax: BigInt(xmax), running: running === '' ? 0 : running.split(',').length };
}
