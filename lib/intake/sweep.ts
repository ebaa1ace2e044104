// The sweep: a system's own past events are read into the inbox that its webhooks fill too. An event
// whose webhook was lost, or came while no process listened, is found within minutes; an event that is
// in the inbox already has the same id and changes nothing.
//
// A feed has one of two forms (lib/integrations/feeds.ts). One with a cursor is read by follow.ts; this
// file reads a list by time. The list is read in windows of the system's own time, oldest first. A window is done when every
// page of it is in the inbox, and only then the position moves on; after a crash, an error or a
// lost lease the same window is read again. The feed of a system sets how often a window is read,
// how far it begins before the end of the last one (events are added to the list late and out of
// order), and how much of the newest part is left to the next window. The first window begins when
// the database was bound to the account.
import { readSweep, saveSweepProblem, saveSwept, type Sweep } from '../../db/sweep.ts';
import { failpoint } from '../failpoint.ts';
import type { EventFeed, TimeFeed } from '../integrations/integration.ts';
import { createLease } from '../lease.ts';
import { findPause } from '../limits/budgets.ts';
import { paced } from '../limits/paced.ts';
import { findRest } from '../limits/rest.ts';
import type { SyncDeps } from '../sync/step.ts';
import { nextPage, takePage, type PageDeps, type Swept } from './feed-page.ts';
import { followFeed } from './follow.ts';

export type { Swept } from './feed-page.ts';

const LEASE_MS = 30_000;

const NOTHING: Swept = { stored: 0, more: false };

export interface SweepOptions {
  /** Older events are not stored. */
  retentionDays: number;
  signal: AbortSignal;
}

/**
 * Reads one window of a list, or what is behind a cursor, if it is due and no other worker reads it. A
 * system that is paused is not called, and neither is an account that rests; a failure is noted, and
 * the same is tried again.
 */
export async function sweep(deps: SyncDeps, { retentionDays, signal }: SweepOptions): Promise<Swept> {
  const { db, clock, integration, policy, log } = deps;
  const { system } = integration;
  if (!integration.feed) return NOTHING;
  const due = await readSweep(db, system);
  if (!due || !isDue(due, integration.feed, clock.now())) return NOTHING;
  if ((await findRest(deps, integration)) ?? (await findPause(deps, integration))) return NOTHING;
  const lease = createLease({ db, name: `sweep:${system}:${due.account}`, lengthMs: LEASE_MS });
  if ((await lease.take()) === null) return NOTHING;
  try {
    // Another worker may have read the window before this one got the lease.
    const from = await readSweep(db, system);
    if (!from || !isDue(from, integration.feed, clock.now())) return NOTHING;
    const goesOn = (): boolean => lease.isHeld() && !signal.aborted;
    const about = { db, clock, account: from.account, rates: policy.rates, log, background: true };
    const { feed } = paced(integration, about);
    if (!feed) return NOTHING;
    return feed.by === 'cursor'
      ? await followFeed({ ...deps, feed, retentionDays, goesOn }, from)
      : await sweepWindow({ ...deps, feed, retentionDays, goesOn }, from);
  } finally {
    await lease.release();
  }
}

function isDue({ paused, triedAt, problem, more }: Sweep, { everyMs }: EventFeed, now: Date): boolean {
  if (paused) return false;
  if (triedAt === null || (more && problem === null)) return true;
  return Math.abs(now.getTime() - triedAt.getTime()) >= everyMs;
}

type SweepDeps = PageDeps & { feed: TimeFeed; goesOn: () => boolean };

async function sweepWindow(deps: SweepDeps, from: Sweep): Promise<Swept> {
  const { db, clock, integration, log } = deps;
  const { system } = integration;
  const place = { system, account: from.account, now: clock.now() };
  const { stored, end } = await readWindow(deps, from);
  if (stored > 0) log.info('sweep.stored', { system, events: stored });
  if (end === 'broken_off') return { stored, more: false };
  if ('problem' in end) {
    if (from.problem !== end.problem) log.warn('sweep.failed', { system, problem: end.problem });
    await saveSweepProblem(db, { ...place, ...end, stored, sweptTo: from.sweptTo });
    return { stored, more: false };
  }
  await failpoint('sweep.before-save');
  await saveSwept(db, { ...place, ...end, stored });
  if (end.lostFrom) log.warn('sweep.events_gone', { system, from: end.lostFrom, to: end.lostTo });
  return { stored, more: end.more };
}

interface End {
  sweptTo: Date;
  more: boolean;
  /** Events from the first time to the second have left the list unread. */
  lostFrom: Date | null;
  lostTo: Date | null;
}

async function readWindow(
  deps: SweepDeps,
  { boundAt, sweptTo }: Sweep,
): Promise<{ stored: number; end: End | { problem: string } | 'broken_off' }> {
  const { feed, integration } = deps;
  const createdFrom = new Date(Math.max(boundAt.getTime(), sweptTo.getTime() - feed.overlapMs));
  const createdTo = new Date(sweptTo.getTime() + feed.windowMs);
  const pages = feed.pages({ createdFrom, createdTo })[Symbol.asyncIterator]();
  let stored = 0;
  let end: End | null = null;
  for (;;) {
    const page = await nextPage(integration, pages);
    if ('problem' in page) return { stored, end: page };
    if (page.events === null) return { stored, end: end ?? { problem: 'no_page: the list had none' } };
    if (page.answeredAt === null) return { stored, end: { problem: 'no_date: an answer without its time' } };
    // The newest page comes first, so the time of its answer bounds the events of all pages.
    end ??= endOf(feed, page.answeredAt, sweptTo, createdTo);
    const { sweptTo: until } = end;
    const settled = page.events.filter(({ created }) => created <= until);
    stored += await takePage(deps, settled.toReversed());
    await failpoint('sweep.page');
    if (!deps.goesOn()) return { stored, end: 'broken_off' };
  }
}

function endOf({ tipMs, keptMs }: TimeFeed, answeredAt: Date, sweptTo: Date, to: Date): End {
  const tip = answeredAt.getTime() - tipMs;
  const oldest = answeredAt.getTime() - keptMs;
  const gone = sweptTo.getTime() < oldest;
  return {
    // If the list begins later than the position, there is nothing to read before its beginning.
    sweptTo: new Date(Math.max(Math.min(to.getTime(), tip), gone ? oldest : sweptTo.getTime())),
    more: Math.max(to.getTime(), oldest) < tip,
    lostFrom: gone ? sweptTo : null,
    lostTo: gone ? new Date(oldest) : null,
  };
}
