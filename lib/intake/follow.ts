// A feed with a cursor: what happened since is read into the inbox that webhooks fill too, a page at a
// time. The cursor is a text of the system, and nothing here looks into it.
//
// Guarantees: a page's cursor is stored in the transaction that stores the page's events, and only if
// the cursor is still where the page began. So no event is passed over, and one process moves the
// cursor, even if a frozen one wakes up and holds its lease no longer.
// Assumes: the system gives the events behind a cursor as long as it keeps them, or says that it does
// not; an event that is stored twice changes nothing.
//
// What a crash leaves behind:
//   before a page's commit     nothing of the page; it is asked for again by the same cursor
//   after it                   the page and its cursor; reading goes on behind it
//   after a page with `lost`   the loss, and the new cursor or none; without one the next reading takes
//                              a new cursor
// If the database refuses one event of a page, the events are stored one by one and the cursor after
// them; a crash between two of them leaves the cursor before the page, which is then read again.
//
// After a loss only a comparison of every pair shows what happened. It begins once there is a new
// cursor, from which events are read again (lib/operations/compare-lost.ts). A loss deletes nothing.
import { hasBegunReading, saveCursor, saveFeedEnd, type LostEvents } from '../../db/feed-cursors.ts';
import { withTransaction, type Tx } from '../../db/server/connection.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { saveSweepProblem, type Sweep } from '../../db/sweep.ts';
import { failpoint } from '../failpoint.ts';
import type { CursorFeed, CursorPage } from '../integrations/integration.ts';
import { nextPage, takePage, type PageDeps, type Swept } from './feed-page.ts';

type FollowDeps = PageDeps & { feed: CursorFeed; goesOn: () => boolean };

/** A feed may go on for ever; a reading ends after this time, and the next one begins at once. */
const LONGEST_MS = 60_000;

/** Where a page begins. */
interface Position {
  cursor: string | null;
  /** By the system's clock: what happened until then has been read. */
  reachedAt: Date;
}

/** Reads what is behind the cursor, under the lease of the sweep. */
export async function followFeed(deps: FollowDeps, from: Sweep): Promise<Swept> {
  const pages = deps.feed.follow(from.cursor)[Symbol.asyncIterator]();
  try {
    return await readPages(deps, from, pages);
  } finally {
    // A feed that goes on for ever closes what it holds open.
    await pages.return?.();
  }
}

async function readPages(deps: FollowDeps, from: Sweep, pages: AsyncIterator<CursorPage>): Promise<Swept> {
  const { db, clock, integration, log } = deps;
  const { system } = integration;
  const { account } = from;
  const until = performance.now() + LONGEST_MS;
  let at: Position = { cursor: from.cursor, reachedAt: from.sweptTo };
  let stored = 0;
  for (let first = true; ; first = false) {
    const page = checked(await nextPage(integration, pages), first);
    if ('problem' in page) {
      if (from.problem !== page.problem) log.warn('feed.failed', { system, problem: page.problem });
      const failed = { ...page, stored: 0, sweptTo: at.reachedAt, now: clock.now() };
      await saveSweepProblem(db, { system, account, ...failed });
      return { stored, more: false };
    }
    if (page.events === null) {
      await saveFeedEnd(db, { system, account }, clock.now());
      return { stored, more: false };
    }
    const lost = await lossOf(deps, { page, at, first, account });
    const next = { cursor: page.cursor, reachedAt: reachedBy(page, { at, lost, now: clock.now() }) };
    const taken = await storePage(deps, page, { account, from: at, to: next, lost });
    if (taken === null) return { stored, more: false };
    stored += taken;
    if (taken > 0) log.info('feed.stored', { system, events: taken });
    if (lost) log.warn('feed.lost', { system, ...lost });
    at = next;
    await failpoint('follow.page');
    if (!deps.goesOn()) return { stored, more: false };
    if (page.cursor === null || performance.now() > until) return { stored, more: true };
  }
}

type Next = CursorPage | { events: null } | { problem: string };

/** A feed that breaks the contract is a problem of the system, and moves no cursor. */
function checked(page: Next, first: boolean): Next {
  if ('problem' in page) return page;
  if (page.events === null) return first ? { problem: 'no_page: the feed had none' } : page;
  if (page.cursor === null && 'lost' in page) return page;
  // PostgreSQL stores no NUL.
  const isText = typeof page.cursor === 'string' && page.cursor !== '' && !page.cursor.includes('\0');
  return isText ? page : { problem: 'no_cursor: a page without the cursor behind it' };
}

/** What is lost before this page; null if nothing is. */
async function lossOf(
  { db, clock, feed, integration }: FollowDeps,
  { page, at, first, account }: { page: CursorPage; at: Position; first: boolean; account: string },
): Promise<LostEvents | null> {
  const now = clock.now();
  const since = (why: string, from = at.reachedAt): LostEvents => ({ from, to: now, why });
  if (page.lost) return since(codeOf(page.lost.reason), earlier(page.lost.from, now) ?? at.reachedAt);
  // With the account unread no record has a pair, and the reading begins behind this cursor.
  if (at.cursor === null)
    return (await hasBegunReading(db, { system: integration.system, account })) ? since('no_cursor') : null;
  const isOld = first && now.getTime() - at.reachedAt.getTime() > feed.keptMs;
  return isOld ? since('kept_time_over') : null;
}

function earlier(time: Date | undefined, now: Date): Date | null {
  return time && time <= now ? time : null;
}

/** Reasons stand in logs and reports, so whatever is longer than a code is left out. */
function codeOf(reason: string): string {
  return /^[\w.-]{1,60}$/.test(reason) ? reason : 'not_named';
}

/**
 * A page shows that everything until its newest event has been read; an empty one until its answer.
 * What is lost counts as read, since it is noted as lost.
 */
function reachedBy(
  { events, answeredAt }: CursorPage,
  { at, lost, now }: { at: Position; lost: LostEvents | null; now: Date },
): Date {
  const answered = (answeredAt ?? now).getTime();
  const times = events.map(({ created }) => created.getTime()).filter((time) => time <= answered);
  const shown = events.length === 0 || lost !== null ? [answered] : times;
  return new Date(Math.max(at.reachedAt.getTime(), ...shown));
}

interface Move {
  account: string;
  from: Position;
  to: Position;
  lost: LostEvents | null;
}

/** Another process has moved the cursor. */
class Overtaken extends Error {}

/** Stores the page and its cursor; null if nothing of it was stored, since another process has moved on. */
async function storePage(deps: FollowDeps, page: CursorPage, move: Move): Promise<number | null> {
  const { db } = deps;
  const seen = { isNew: false };
  const inside = { ...deps, nudge: () => void (seen.isNew = true) };
  try {
    const stored = await withTransaction(db, async (tx) => {
      const taken = await takePage({ ...inside, db: tx }, page.events);
      await failpoint('follow.before-commit');
      if (!(await moveCursor(tx, deps, taken, move))) throw new Overtaken();
      return taken;
    });
    if (seen.isNew) deps.nudge();
    return stored;
  } catch (error) {
    if (error instanceof Overtaken) return null;
    if (!isOfOneRow(error)) throw error;
    // The database refuses one event: it is noted, and keeps out no other.
    const stored = await takePage(deps, page.events);
    const moved = await withTransaction(db, (tx) => moveCursor(tx, deps, stored, move));
    return moved ? stored : null;
  }
}

function moveCursor(
  tx: Tx,
  { clock, integration }: FollowDeps,
  stored: number,
  { account, from, to, lost }: Move,
): Promise<boolean> {
  return saveCursor(tx, {
    ...{ system: integration.system, account, stored, lost, now: clock.now() },
    ...{ from: from.cursor, to: to.cursor, reachedAt: to.reachedAt },
  });
}
