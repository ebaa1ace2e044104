// Saves the cursor behind a page, and counts what was published. A page whose save failed, or is not
// known to be stored, is published again: the relay counts those events as duplicates.
import { saveCursor, type Cursor, type PageRow, type Save } from '../db/relay/cursor.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
import type { Measures } from '../lib/measures.ts';

export type SaveDeps = {
  db: Db;
  clock: Clock;
  skip: (item: string, instead: string, error: unknown) => Promise<void>;
  measures?: Measures | undefined;
};

const NO_NOTICE = 'the record is not on the bus, and no notice could be stored';

export function createSave({ db, clock, skip, measures }: SaveDeps) {
  /** Ids of rows that were sent, and whose page is not known to be saved. */
  const unsaved = new Set<number>();

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

  return async (rows: readonly PageRow[], page: Save): Promise<Cursor | null> => {
    if (!measures) return await store(page);
    const again = unsaved.size === 0 ? 0 : rows.filter(({ id }) => unsaved.has(id)).length;
    for (const { id } of rows) unsaved.add(id);
    const saved = await store(page);
    if (saved === null) return null;
    unsaved.clear();
    const now = clock.now().getTime();
    const { published, unrouted } = page;
    const sinceWritten = rows.map(({ createdAt }) => (now - createdAt) / 1000);
    measures.published({ published, unrouted, refused: page.refused.length, again, sinceWritten });
    return saved;
  };
}
