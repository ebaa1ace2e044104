// Saves the cursor behind a page, and counts what was published. A page whose save failed, or is not
// known to be stored, is published again: the relay counts those events as duplicates.
//
// While few events come, a save would cost PostgreSQL more than all the rest of a round. So in a loop, short pages
// are saved together, at most one save in SAVE_EVERY_MS: `hold` keeps what a page adds, and the next save
// stores it. A crash between a hold and its save publishes again what was held: the events of SAVE_EVERY_MS
// and of one rest, and fewer than a page.
import { saveCursor, type Batch, type Cursor, type Save } from '../db/relay/cursor.ts';
import type { PageRow } from '../db/relay/page.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
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
type Held = { rows: number; published: number; unrouted: number; batches: Batch[]; sinceWritten: number[] };

const NOTHING: Held = { rows: 0, published: 0, unrouted: 0, batches: [], sinceWritten: [] };

export const SAVE_EVERY_MS = 50;

const NO_NOTICE = 'the record is not on the bus, and no notice could be stored';

export function createSave({ db, clock, skip, monotonic, measures }: SaveDeps) {
  /** Ids of rows that were sent, and whose page is not known to be saved. */
  const unsaved = new Set<number>();
  let held = NOTHING;
  let again = 0;
  let savedAt = -Infinity;

  /**
   * If the database refuses a notice, the page is saved without its notices: they are in the log
   * and in the list of skipped items.
   */
  async function store(page: Save): Promise<Cursor | null> {
    try {
      return await saveCursor(db, page);
    } catch (error) {
      if (page.refused.length === 0 || !isOfOneRow(error)) throw error;
      for (const { syncEventId } of page.refused)
        await skip(`notice of sync_events ${syncEventId}`, NO_NOTICE, error);
      return await saveCursor(db, { ...page, refused: [] });
    }
  }

  function hold(rows: readonly PageRow[], { published, unrouted, batches }: Save): void {
    const now = clock.now().getTime();
    again += rows.filter(({ id }) => unsaved.has(id)).length;
    for (const { id } of rows) unsaved.add(id);
    held = {
      rows: held.rows + rows.length,
      published: held.published + published,
      unrouted: held.unrouted + unrouted,
      batches: joinBatches(held.batches, batches),
      sinceWritten: [...held.sinceWritten, ...rows.map(({ createdAt }) => (now - createdAt) / 1000)],
    };
  }

  return {
    hold,
    /** The number of rows that wait for a save. */
    waiting: () => held.rows,
    isDue: () => monotonic() - savedAt >= SAVE_EVERY_MS,
    /** Saves the page, with all that was held. Null if another relay has the cursor: then nothing is stored. */
    async save(rows: readonly PageRow[], page: Save): Promise<Cursor | null> {
      hold(rows, page);
      const { published, unrouted, batches, sinceWritten } = held;
      const saved = await store({ ...page, published, unrouted, batches });
      if (saved === null) return null;
      savedAt = monotonic();
      measures?.published({ published, unrouted, refused: page.refused.length, again, sinceWritten });
      unsaved.clear();
      held = NOTHING;
      again = 0;
      return saved;
    },
    /** What was held will be published again. */
    forget(): void {
      held = NOTHING;
      again = 0;
      savedAt = -Infinity;
    },
  };
}
