/**
 * One kind of object of one account: a map for look-ups by id, and an array of the objects that are
 * not deleted, oldest first, for lists. Deleted objects stay in the map without a value: their ids
 * get other answers than unknown ids, and may still be used as cursors.
 */
export type Row<T> = {
  id: string;
  /** Whole seconds, as in Stripe; the order of rows is (created, seq). */
  created: number;
  seq: number;
  /** null after the deletion. */
  value: T | null;
  /** The last few states with their times in ms, newest last: a lagging search reads them. */
  versions: { at: number; value: T | null }[];
};

export type Put<T> = { id: string; created: number; seq: number; at: number; value: T | null };

const KEPT_VERSIONS = 4;

export type Collection<T> = ReturnType<typeof createCollection<T>>;

export function createCollection<T>() {
  const byId = new Map<string, Row<T>>();
  const living: Row<T>[] = [];

  /** The index of a row with this (created, seq) in the array, or the index where it would be. */
  function position(created: number, seq: number): number {
    let low = 0;
    let high = living.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = living[middle];
      if (row && (row.created < created || (row.created === created && row.seq < seq))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function put(change: Put<T>): void {
    const existing = byId.get(change.id);
    if (!existing) {
      const { at, ...rest } = change;
      const row = { ...rest, versions: [{ at, value: change.value }] };
      byId.set(row.id, row);
      if (row.value !== null) living.splice(position(row.created, row.seq), 0, row);
      return;
    }
    if (existing.value !== null && change.value === null) {
      living.splice(position(existing.created, existing.seq), 1);
    }
    existing.value = change.value;
    existing.versions.push({ at: change.at, value: change.value });
    if (existing.versions.length > KEPT_VERSIONS) existing.versions.shift();
  }

  /** Drops rows that no list shows any more (events after their retention). */
  function dropOldest(count: number): string[] {
    const dropped = living.splice(0, count).map((row) => row.id);
    for (const id of dropped) byId.delete(id);
    return dropped;
  }

  return {
    living: living as readonly Row<T>[],
    get: (id: string): Row<T> | undefined => byId.get(id),
    all: (): Iterable<Row<T>> => byId.values(),
    position,
    put,
    dropOldest,
  };
}
