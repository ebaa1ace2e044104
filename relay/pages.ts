// Hands out the pages behind the cursor, and reads the next ones while one is sent: PostgreSQL reads the second
// while this process makes the records of the first.
//
// Guarantees: a page that was read ahead is used only if it follows the cursor. A page that cannot be read as a
// whole comes without the rows that cannot be read (read.ts). A crash leaves nothing.
import type { Cursor } from '../db/relay/cursor.ts';
import { readPage, type Page } from '../db/relay/page.ts';
import type { Db } from '../db/server/connection.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import { readByRow, type ReadPage } from './read.ts';

type Ahead = { from: Cursor; page: Promise<Page>; read: Page | null };

const AHEAD = 2;

export type Pages = ReturnType<typeof createPages>;

export function createPages(db: Db, pageSize: number) {
  /** Each follows the one before it, and only the last one may still be read. */
  let ahead: Ahead[] = [];

  /** Begins to read what follows this page, unless it is the last of its window. */
  function readBehind(from: Cursor, { win, rows, sequence }: Page): void {
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize || ahead.length >= AHEAD) return;
    const next = { ...from, win, lastId: last.id };
    const begun: Ahead = { from: next, page: readPage(db, next, pageSize, sequence), read: null };
    ahead.push(begun);
    // If the page is never awaited, its error must not end the process.
    begun.page.then(
      (page) => {
        begun.read = page;
        if (ahead.at(-1) === begun) readBehind(next, page);
      },
      () => undefined,
    );
  }

  /** Waits for a page that is being read, and drops all. */
  async function forget(): Promise<void> {
    const dropped = ahead;
    ahead = [];
    await Promise.allSettled(dropped.map(({ page }) => page));
  }

  async function take(from: Cursor): Promise<Page> {
    const [first] = ahead;
    // If the page before was not saved, what was read ahead does not follow the cursor.
    const follows = first?.from.win === from.win && first.from.lastId === from.lastId;
    if (!follows) await forget();
    const page = await (follows ? first.page : readPage(db, from, pageSize));
    ahead.shift();
    const last = ahead.at(-1);
    if (last === undefined) readBehind(from, page);
    else if (last.read !== null) readBehind(last.from, last.read);
    return page;
  }

  return {
    async next(from: Cursor): Promise<ReadPage> {
      try {
        return await take(from);
      } catch (error) {
        if (!isOfOneRow(error)) throw error;
        await forget();
        // One row of the page cannot be read: it is found and left out, and the others are published.
        return await readByRow(db, from, pageSize);
      }
    },
    /** The page that will be next, if it is being read. */
    coming: (): Promise<ReadPage> | undefined => ahead[0]?.page,
    forget,
  };
}
