// The sweep: a system's own list of its events is read into the inbox that its webhooks fill too.
// An event whose webhook was lost, or came while no process listened, is found within minutes; an
// event that is in the inbox already has the same id and changes nothing.
//
// The list is read in windows of the system's own time, oldest first. A window is done when every
// page of it is in the inbox, and only then the position moves on; after a crash, an error or a
// lost lease the same window is read again. The feed of a system sets how often a window is read,
// how far it begins before the end of the last one (events are added to the list late and out of
// order), and how much of the newest part is left to the next window. The first window begins when
// the database was bound to the account.
import type { Db } from '../../db/server/connection.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { findTaken, readSweep, saveSweepProblem, saveSwept, type Sweep } from '../../db/sweep.ts';
import { AppError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { EventFeed, EventsPage, Integration } from '../integrations/integration.ts';
import { createLease } from '../lease.ts';
import { findPause } from '../limits/budgets.ts';
import { paced } from '../limits/paced.ts';
import { findRest } from '../limits/rest.ts';
import { noteSkipped } from '../skipped.ts';
import { takeIn, type InboxDeps } from './inbound.ts';
import { inboundEventId } from './reported.ts';
import type { SyncDeps } from '../sync/step.ts';

const LEASE_MS = 30_000;

export interface Swept {
  /** Events that were not in the inbox. */
  stored: number;
  /** More can be read at once. */
  more: boolean;
}

const NOTHING: Swept = { stored: 0, more: false };

export interface SweepOptions {
  /** Older events are not stored. */
  retentionDays: number;
  signal: AbortSignal;
}

/**
 * Reads one window, if it is due and no other worker reads it. A system that is paused is not
 * called, and neither is an account that rests; a failure is noted, and the window is tried again.
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
    const { account } = from;
    const about = { db, clock, account, rates: policy.rates, log, background: true };
    const { feed } = paced(integration, about);
    return feed ? await sweepWindow({ ...deps, feed, retentionDays, goesOn }, from) : NOTHING;
  } finally {
    await lease.release();
  }
}

function isDue({ paused, triedAt, problem, more }: Sweep, { everyMs }: EventFeed, now: Date): boolean {
  if (paused) return false;
  if (triedAt === null || (more && problem === null)) return true;
  return Math.abs(now.getTime() - triedAt.getTime()) >= everyMs;
}

type SweepDeps = SyncDeps & { feed: EventFeed; retentionDays: number; goesOn: () => boolean };

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
    stored += await takePage(deps, settled);
    await failpoint('sweep.page');
    if (!deps.goesOn()) return { stored, end: 'broken_off' };
  }
}

/**
 * Separates the errors of the system from failures on our side: only an error of the system is a
 * problem of the sweep.
 */
async function nextPage(
  integration: Integration,
  pages: AsyncIterator<EventsPage>,
): Promise<EventsPage | { events: null } | { problem: string }> {
  try {
    const page = await pages.next();
    return page.done ? { events: null } : page.value;
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { problem: `${code}: ${message}` };
  }
}

function endOf({ tipMs, keptMs }: EventFeed, answeredAt: Date, sweptTo: Date, to: Date): End {
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

/**
 * Stores the new events of a page, oldest first. Most of a page has come by webhook, and one query
 * finds all that are stored already.
 */
async function takePage(deps: SweepDeps, events: EventsPage['events']): Promise<number> {
  const { db, clock, integration, nudge, retentionDays } = deps;
  const { system } = integration;
  const inbox: InboxDeps = { db, clock, integration, nudge, retentionDays };
  const known = await findKnown(db, system, events);
  let stored = 0;
  for (const event of events.toReversed()) {
    if (known.has(event.externalEventId) || known.has(inboundEventId(system, event))) continue;
    const taken = await takeIn(inbox, event).catch(async (error: unknown) => {
      // One event must not keep out all other events of the account.
      if (!isOfOneRow(error)) throw error;
      await noteSkipped(deps, { loop: 'sweep', item: nameOf(event), instead: NOT_STORED }, error);
      return 'skipped';
    });
    if (taken === 'unbound')
      throw new AppError('internal', { detail: `${system} was unbound while its events were swept` });
    if (taken === 'stored') stored += 1;
  }
  return stored;
}

const NOT_STORED = 'nothing: twinbox verify compares the record that the event is about';

/** An id may be any text, and PostgreSQL stores no NUL. */
function nameOf({ externalEventId, externalId }: EventsPage['events'][number]): string {
  return JSON.stringify(`${externalEventId} of ${externalId ?? 'no record'}`).slice(1, 200);
}

/**
 * Which of these events were stored or refused before. If one query cannot ask for all of them,
 * none counts as known and each is tried: an event that is stored already changes nothing.
 */
async function findKnown(db: Db, system: string, events: EventsPage['events']): Promise<Set<string>> {
  try {
    return await findTaken(db, {
      system,
      eventIds: events.map((event) => inboundEventId(system, event)),
      externalIds: events.map(({ externalEventId }) => externalEventId),
    });
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
    return new Set();
  }
}
