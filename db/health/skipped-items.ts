// Items that a loop could not read or store and therefore skipped, by their names.
import type { Db } from '../server/connection.ts';

/** Loops that go on without an item that fails. */
export type SkippingLoop = 'relay' | 'receive' | 'gap' | 'sweep' | 'reading' | 'verify';

export type SkippedItem = {
  loop: SkippingLoop;
  /** Such as `sync_events 42` or `evt_1234`; never a value of a customer. */
  item: string;
  /** A SQLSTATE of PostgreSQL or the kind of the error. */
  fault: string;
  about: string | null;
  /** What was done instead, as text for a person. */
  instead: string;
};

const KEPT = 1_000;

const insertSql = `
insert into skipped_items as s (loop, item, fault, about, instead, first_at, last_at)
values (:loop, :item, :fault, :about, :instead, :now::timestamptz, :now::timestamptz)
on conflict (loop, item) do update
set fault = excluded.fault, about = excluded.about, instead = excluded.instead, times = s.times + 1, last_at = excluded.last_at`;

// A flood of items has one cause, and the newest items show it; the table stays small.
const trimSql = `
delete from skipped_items where (loop, item) in (
  select loop, item from skipped_items order by last_at desc, loop, item offset ${KEPT})`;

/** Stores the item, or counts that it was skipped once more. */
export async function insertSkipped(db: Db, skipped: SkippedItem, now: Date): Promise<void> {
  await db.raw(insertSql, { ...skipped, now });
  await db.raw(trimSql);
}

export type SkippedSum = { count: number; newest: (SkippedItem & { lastAt: Date }) | null };

/** How many items were skipped since a time, and the newest of them. */
export async function readSkipped(db: Db, since: Date): Promise<SkippedSum> {
  const { rows } = await db.raw<{ rows: (SkippedItem & { count: number; lastAt: Date })[] }>(
    `select count(*) over () as count, loop, item, fault, about, instead, last_at as "lastAt"
     from skipped_items where last_at >= :since::timestamptz order by last_at desc, loop, item limit 1`,
    { since },
  );
  const [row] = rows;
  if (row === undefined) return { count: 0, newest: null };
  const { count, ...newest } = row;
  return { count, newest };
}
