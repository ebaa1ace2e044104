// Saves the cursor behind a page, and counts what was published. A page whose save failed, or is not
// known to be stored, is published again: the relay counts those events as duplicates.
//
// While few events come, a save would cost PostgreSQL more than all the rest of a round. So in a loop, short pages
// are saved together, at most one save in SAVE_EVERY_MS: `hold` keeps what a page adds, and the next save
// stores it. And a save runs beside the next round (`begin`), one at a time: before the next save its outcome is
// awaited (`settle`). A crash publishes again what was held, the events of SAVE_EVERY_MS and of one rest, and
// fewer than a page; and the page whose save was under way, with the one that was sent meanwhile.
import { saveCursor, type Batch, type Cursor, type Save } from '../db/relay/cursor.ts';
import type { PageRow } from '../db/relay/page-row.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
import { failpoint } from '../lib/failpoint.ts';
import type { Measures } from '../lib/measures.ts';
import { joinBatches } from './send.ts';

export type SaveDeps = {
  db: Db;
  clock: Clock;
  skip: (item: string, instead: string, error: unknown) => Promise<void>;
  monotonic: () => number;
  measures?: Measures | undefined;
};

/** What pages add up to. */
type Held = { ids: number[]; published: number; unrouted: number; batches: Batch[]; sinceWritten: number[] };

const NOTHING: Held = { ids: [], published: 0, unrouted: 0, batches: [], sinceWritten: [] };

type Flight = { saved: Promise<Cursor | null>; hasEnded: boolean; closes: boolean };

export const SAVE_EVERY_MS = 50;

const NO_NOTICE = 'the record is not on the bus, and no notice could be stored';

/**
 * If the database refuses a notice, the page is saved without its notices: they are in the log
 * and in the list of skipped items.
 */
async function store({ db, skip }: SaveDeps, page: Save): Promise<Cursor | null> {
  try {
    return await saveCursor(db, page);
  } catch (error) {
    if (page.refused.length === 0 || !isOfOneRow(error)) throw error;
    for (const { syncEventId } of page.refused)
      await skip(`notice of sync_events ${syncEventId}`, NO_NOTICE, error);
    return await saveCursor(db, { ...page, refused: [] });
  }
}

export function createSave(deps: SaveDeps) {
  const { clock, monotonic, measures } = deps;
  /** Ids of rows that were sent, and whose page is not known to be saved. */
  const unsaved = new Set<number>();
  let held = NOTHING;
  let again = 0;
  let savedAt = -Infinity;
  let flight: Flight | null = null;

  function hold(rows: readonly PageRow[], { published, unrouted, batches }: Save): void {
    const now = clock.now().getTime();
    again += rows.filter(({ id }) => unsaved.has(id)).length;
    for (const { id } of rows) unsaved.add(id);
    held = {
      ids: [...held.ids, ...rows.map(({ id }) => id)],
      published: held.published + published,
      unrouted: held.unrouted + unrouted,
      batches: joinBatches(held.batches, batches),
      sinceWritten: [...held.sinceWritten, ...rows.map(({ createdAt }) => (now - createdAt) / 1000)],
    };
  }

  async function storeHeld(page: Save, { ids, published, unrouted, batches, sinceWritten }: Held) {
    const repeated = again;
    again = 0;
    const saved = await store(deps, { ...page, published, unrouted, batches });
    if (saved === null) return null;
    measures?.published({ published, unrouted, refused: page.refused.length, again: repeated, sinceWritten });
    for (const id of ids) unsaved.delete(id);
    await failpoint('relay.after-save');
    return saved;
  }

  /** Of the save that was begun; undefined if there is none. Null if another relay has the cursor. */
  async function settle(): Promise<Cursor | null | undefined> {
    const mine = flight;
    flight = null;
    return await mine?.saved;
  }

  return {
    hold,
    settle,
    /** The number of rows that wait for a save. */
    waiting: () => held.ids.length,
    isDue: () => flight === null && monotonic() - savedAt >= SAVE_EVERY_MS,
    /** Whether the save that was begun has an outcome. */
    hasEnded: () => flight?.hasEnded === true,
    /** Whether a save is under way that closes a window. */
    isClosing: () => flight !== null && !flight.hasEnded && flight.closes,
    /** Stores the page, with all that was held. The one before has to be settled. */
    begin(rows: readonly PageRow[], page: Save): void {
      hold(rows, page);
      const begun = { saved: storeHeld(page, held), hasEnded: false, closes: page.closed };
      held = NOTHING;
      savedAt = monotonic();
      flight = begun;
      // Its error is thrown where it is settled.
      void begun.saved.catch(() => undefined).then(() => (begun.hasEnded = true));
    },
    /** What was held, or is not known to be stored, will be published again. */
    async forget(): Promise<void> {
      await settle().catch(() => undefined);
      held = NOTHING;
      again = 0;
      savedAt = -Infinity;
    },
  };
}
