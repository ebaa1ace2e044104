// Reads a page of which one row cannot be read: its time is invalid, its number is too large for
// this program, or its bytes are damaged.
//
// Guarantees: the readable rows are published in their order, each other row is named once, and the
// cursor moves past all of them. This costs more statements, and only for a page that could not be
// read as a whole.
import type { Db } from '../db/server/connection.ts';
import type { Cursor, Refused } from '../db/relay/cursor.ts';
import { readPageIds, readPageRows, type Page } from '../db/relay/page.ts';
import type { PageRow } from '../db/relay/page-row.ts';
import { workInHalves } from '../lib/skipped.ts';
import { describeFault } from '../lib/describe-fault.ts';

export type Unreadable = { id: number; eventId: string; error: unknown };

export type ReadPage = Page & { unreadable?: Unreadable[] };

export async function readByRow(db: Db, from: Cursor, limit: number): Promise<ReadPage> {
  const { rows: ids, win, sequence } = await readPageIds(db, from, limit);
  const rows: PageRow[] = [];
  const unreadable: Unreadable[] = [];
  await workInHalves(
    ids,
    async (part) => {
      const read = await readPageRows(
        db,
        part.map(({ id }) => id),
      );
      return rows.push(...read);
    },
    (row, error) => {
      unreadable.push({ ...row, error });
      return Promise.resolve();
    },
  );
  return { rows, win, sequence, unreadable };
}

/** The notice for the dlq. */
export function toUnreadable({ id, eventId, error }: Unreadable, noticeId: string): Refused {
  const { fault, about } = describeFault(error);
  return {
    eventId: noticeId,
    syncEventId: id,
    parkedEventId: eventId,
    topic: 'bus',
    reason: 'unreadable',
    detail: { table: 'sync_events', id, fault, about },
  };
}
