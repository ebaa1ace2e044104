// One event or row that cannot be read or stored must not stop its neighbours: a loop does its work
// in halves until the item stands alone, notes it by its name, and goes on. `twinbox status`,
// `doctor` and /ready say what was noted in the last day.
import type { Db } from '../db/server/connection.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import { insertSkipped, readSkipped, type SkippedItem } from '../db/health/skipped-items.ts';
import type { Clock } from './clock.ts';
import { describeFault } from './describe-fault.ts';

export type SkippingDeps = {
  db: Db;
  clock: Clock;
  log?: { warn(event: string, fields: Record<string, unknown>): void } | undefined;
};

/** What was skipped, but for the fault: the error holds that. */
export type Skipping = Pick<SkippedItem, 'loop' | 'item' | 'instead'>;

/** Notes it in the log and in the table; a table that refuses the note does not stop the loop either. */
export async function noteSkipped(
  { db, clock, log }: SkippingDeps,
  skipping: Skipping,
  error: unknown,
): Promise<void> {
  const { fault, about, at } = describeFault(error);
  log?.warn('item.skipped', { ...skipping, fault, about, at });
  try {
    await insertSkipped(db, { ...skipping, fault, about }, clock.now());
  } catch (refused) {
    if (!isOfOneRow(refused)) throw refused;
    log?.warn('item.skipped_not_noted', { ...skipping, ...describeFault(refused) });
  }
}

/**
 * Does `work` with all items; if one of them is refused, with halves, in their order, until it
 * stands alone and `skip` has it. Answers the sum of what `work` answered. `work` must be one
 * transaction: what it refuses has not been done.
 */
export async function workInHalves<T>(
  items: readonly T[],
  work: (items: T[]) => Promise<number>,
  skip: (item: T, error: unknown) => Promise<void>,
): Promise<number> {
  if (items.length === 0) return 0;
  try {
    return await work([...items]);
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
    const [alone] = items;
    if (items.length === 1 && alone !== undefined) {
      await skip(alone, error);
      return 0;
    }
    const middle = Math.ceil(items.length / 2);
    const first = await workInHalves(items.slice(0, middle), work, skip);
    return first + (await workInHalves(items.slice(middle), work, skip));
  }
}

/** An item that was refused, with what stood against its way round, too. */
export type Stuck<T> = { item: T; error: unknown };

/**
 * Items that are refused together with their way round are left out only if another item of the
 * same batch passed. Where none did, it is the database that is not in order, and the batch has to
 * come again: then this throws.
 */
export async function leaveOutStuck<T>(
  stuck: readonly Stuck<T>[],
  batch: readonly T[],
  note: (stuck: Stuck<T>) => Promise<void>,
): Promise<void> {
  const [first] = stuck;
  if (first === undefined) return;
  if (stuck.length === batch.length) throw first.error;
  for (const one of stuck) await note(one);
}

const DAY_MS = 86_400_000;

/** One sentence for those who look, and the figure; null if nothing was skipped in the last day. */
export async function describeSkipped(db: Db, now: Date): Promise<{ count: number; says: string } | null> {
  const { count, newest } = await readSkipped(db, new Date(now.getTime() - DAY_MS));
  if (newest === null) return null;
  const { loop, item, fault, about, instead } = newest;
  return {
    count,
    says:
      `${count} ${count === 1 ? 'item' : 'items'} skipped in the last day, the newest by ${loop}: ${item} ` +
      `(${fault}${about === null ? '' : `, ${about}`}): ${instead}`,
  };
}
