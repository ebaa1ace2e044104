// Reading a page of which one row cannot be read: its time is none, its number is too large for
// this program, its bytes are damaged.
//
// Guarantees: the rows that can be read go out in their order, each of the others is named once,
// and the cursor moves behind all of them. Costs statements only where a page could not be read as
// a whole.
import type { Db } from '../db/server/connection.ts';
import {
  readPageIds,
  readPageRows,
  type Cursor,
  type Page,
  type PageRow,
  type Refused,
} from '../db/relay/cursor.ts';
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
