// Changes as they happen, for any number of followers, with one reader of the database for all of them.
//
// Guarantees: a follower gets every change after its position, and the position that it is given with a
// batch is good for going on after it, in this process or in another one. A row that changed several
// times within a batch is in it once. Perhaps a change comes again after a follower went on; none is
// left out.
//
// How: a follower first reads by itself up to the present (./changes.ts). Then it joins the others: in
// the next round the reader opens a window for all, and the new one reads the part of that window that it
// does not have. From then on all are at the same position. Nothing is stored, so a crash leaves nothing.
import type { ChangeType } from '../../db/events/customer-changes.ts';
import type { Db } from '../../db/server/connection.ts';
import { sleep } from '../loop.ts';
import { encodePosition, type Position } from './change-position.ts';
import { presentPosition, readChanges, type ChangesOutcome } from './changes.ts';

/** What became of one row: its newest version, and all that happened to it, in this order. */
export type ChangedRow = { entity: string; id: number; version: number; kinds: ChangeType[] };

/** `position` stands after the rows. Without rows it only brings the follower's position forward. */
export type Batch = { rows: ChangedRow[]; position: string };

export type Ended = Extract<ChangesOutcome, { outcome: 'expired' }> | { outcome: 'aborted' };

export interface LiveChanges {
  /**
   * Calls `take` with each batch after the position, or from now on if it is null; the first batch has
   * no rows. While the follower reads what happened before, `take` is awaited. Ends with the signal, or
   * when the changes after the position are no longer known.
   */
  follow(after: Position | null, take: Take, signal: AbortSignal): Promise<Ended>;
}

export type Take = (batch: Batch) => Promise<void> | void;

export type LiveChangesDeps = {
  db: Db;
  log: { debug(message: string, fields?: Record<string, unknown>): void };
  /** How long the reader rests when it has read everything: what happens meanwhile is one batch. */
  everyMs?: number;
  /** The most changes in a batch. */
  most?: number;
};

type Reads = { db: Db; most: number };
type Follower = { position: Position; take: Take; signal: AbortSignal; end(ended: Ended): void };

export function createLiveChanges({ db, log, everyMs = 250, most = 1_000 }: LiveChangesDeps): LiveChanges {
  const reads = { db, most };
  const waiting = new Set<Follower>();
  const present = new Set<Follower>();
  let at: Position | null = null;
  let isReading = false;

  async function round(): Promise<void> {
    // Only those that read their last page before this window is opened.
    const joining = [...waiting];
    at ??= joining[0]?.position ?? (await presentPosition(db));
    const end = await readWindow(reads, at, (batch) => {
      for (const follower of present) void follower.take(batch);
    });
    if ('outcome' in end) {
      at = null;
      for (const follower of present) follower.end(end);
      return;
    }
    at = end;
    for (const follower of joining) {
      const ended = await readPart(reads, follower, end);
      if (ended) follower.end(ended);
      else if (waiting.delete(follower)) present.add(follower);
    }
  }

  async function readWhileFollowed(): Promise<void> {
    if (isReading) return;
    isReading = true;
    while (waiting.size + present.size > 0) {
      await round().catch((error: unknown) =>
        log.debug('changes.failed', { error: error instanceof Error ? error.name : typeof error }),
      );
      await sleep(everyMs);
    }
    at = null;
    isReading = false;
  }

  async function stay(position: Position, take: Take, signal: AbortSignal): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const follower = { position, take, signal, end: resolve };
    const leave = (): void => resolve({ outcome: 'aborted' });
    signal.addEventListener('abort', leave, { once: true });
    waiting.add(follower);
    void readWhileFollowed();
    const ended = await promise;
    waiting.delete(follower);
    present.delete(follower);
    signal.removeEventListener('abort', leave);
    return ended;
  }

  return {
    async follow(after, take, signal) {
      const position = await catchUp(reads, after, take, signal);
      if ('outcome' in position) return position;
      return signal.aborted ? { outcome: 'aborted' } : await stay(position, take, signal);
    },
  };
}

/** What happened before the present, by reads of the follower's own; nothing if it begins now. */
async function catchUp(
  { db, most }: Reads,
  after: Position | null,
  take: Take,
  signal: AbortSignal,
): Promise<Position | Ended> {
  let position = after ?? (await presentPosition(db));
  await take({ rows: [], position: encodePosition(position) });
  for (let more = after !== null; more && !signal.aborted;) {
    const found = await readChanges(db, position, most);
    if (found.outcome === 'expired') return found;
    ({ position, more } = found);
    if (found.changes.length > 0) await take(batchOf(found));
  }
  return position;
}

/** Reads to the end of a window that is opened now, or to the end of the given one. */
async function readWindow(
  { db, most }: Reads,
  from: Position,
  take: (found: Batch) => Promise<void> | void,
): Promise<Position | Ended> {
  let position = from;
  do {
    const found = await readChanges(db, position, most);
    if (found.outcome === 'expired') return found;
    position = found.position;
    if (found.changes.length > 0) await take(batchOf(found));
  } while (position.window !== null);
  return position;
}

/** Brings a follower to the position of the others: its part of the window that was read last. */
/** Waits for no follower, as every round: the others would wait for one that reads nothing. */
async function readPart(reads: Reads, follower: Follower, { seen }: Position): Promise<Ended | null> {
  const window = { win: seen, lastId: 0, settledTo: 0 };
  const end = await readWindow(reads, { ...follower.position, window }, (batch) => {
    void follower.take(batch);
  });
  return 'outcome' in end ? end : null;
}

function batchOf({ changes, position }: Extract<ChangesOutcome, { outcome: 'read' }>): Batch {
  const rows = new Map<string, ChangedRow>();
  for (const { entity, rowId: id, version, type } of changes) {
    const name = `${entity} ${id}`;
    const known = rows.get(name);
    // It stands where it changed last, so that a row that others need comes before them.
    rows.delete(name);
    rows.set(name, { entity, id, version, kinds: [...new Set([...(known?.kinds ?? []), type])] });
  }
  return { rows: [...rows.values()], position: encodePosition(position) };
}
