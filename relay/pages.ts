// Hands out the pages behind the cursor, and reads the next page while this one is sent.
//
// Guarantees: a page that was read ahead is used only if it follows the cursor. A page that cannot be read as a
// whole comes without the rows that cannot be read (read.ts). A crash leaves nothing.
import type { Cursor } from '../db/relay/cursor.ts';
import { readPage, type Page } from '../db/relay/page.ts';
import type { Db } from '../db/server/connection.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import { readByRow, type ReadPage } from './read.ts';

type Ahead = { win: string; lastId: number; page: Promise<Page> };

export function createPages(db: Db, pageSize: number) {
  let ahead: Ahead | null = null;
  return {
    async next(from: Cursor): Promise<ReadPage> {
      try {
        const read = ahead;
        ahead = null;
        // If the page before was not saved, the page that was read ahead does not follow the cursor.
        if (read && read.win === from.win && read.lastId === from.lastId) return await read.page;
        await read?.page.catch(() => undefined);
        return await readPage(db, from, pageSize);
      } catch (error) {
        if (!isOfOneRow(error)) throw error;
        // One row of the page cannot be read: it is found and left out, and the others are published.
        return await readByRow(db, from, pageSize);
      }
    },
    /** Begins to read what follows the full page whose last row has the id `lastId`. */
    readAhead(from: Cursor & { win: string }): void {
      const page = readPage(db, from, pageSize);
      // If the page is never awaited, its error must not end the process.
      page.catch(() => undefined);
      ahead = { win: from.win, lastId: from.lastId, page };
    },
    /** Waits for a page that is being read, and drops it. */
    async forget(): Promise<void> {
      const read = ahead;
      ahead = null;
      await read?.page.catch(() => undefined);
    },
  };
}
