// One page of a system's past events, from the feed to the inbox. Both forms of feeds share it.
import type { Db } from '../../db/server/connection.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { findTaken } from '../../db/sweep.ts';
import { AppError } from '../errors.ts';
import type { EventsPage, Integration } from '../integrations/integration.ts';
import { noteSkipped } from '../skipped.ts';
import { takeIn, type InboxDeps } from './inbound.ts';
import { inboundEventId } from './reported.ts';
import type { SyncDeps } from '../sync/step.ts';

/** `retentionDays`: older events are not stored. */
export type PageDeps = SyncDeps & { retentionDays: number };

/** What one reading of a feed came to. */
export interface Swept {
  /** Events that were not in the inbox. */
  stored: number;
  /** More can be read at once. */
  more: boolean;
}

/**
 * Separates the errors of the system from failures on our side: only an error of the system is a
 * problem of the sweep.
 */
export async function nextPage<Page extends EventsPage>(
  integration: Integration,
  pages: AsyncIterator<Page>,
): Promise<Page | { events: null } | { problem: string }> {
  try {
    const page = await pages.next();
    return page.done ? { events: null } : page.value;
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { problem: `${code}: ${message}` };
  }
}

/**
 * Stores the new events of a page, in this order. Most of a page has come by webhook, and one query
 * finds all that are stored already. In a transaction an event that the database refuses is thrown,
 * and otherwise noted and passed over.
 */
export async function takePage(deps: PageDeps, events: EventsPage['events']): Promise<number> {
  const { db, clock, integration, kinds, nudge, retentionDays } = deps;
  const { system } = integration;
  const inbox: InboxDeps = { db, clock, integration, nudge, retentionDays, ...(kinds && { kinds }) };
  const known = await findKnown(db, system, events);
  let stored = 0;
  for (const event of events) {
    if (known.has(event.externalEventId) || known.has(inboundEventId(system, event))) continue;
    const taken = await takeIn(inbox, event).catch(async (error: unknown) => {
      // One event must not keep out all other events of the account.
      if (db.isTransaction === true || !isOfOneRow(error)) throw error;
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
    if (db.isTransaction === true || !isOfOneRow(error)) throw error;
    return new Set();
  }
}
