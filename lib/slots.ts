// What is open at the moment, where thousands are opened and closed in a second.
//
// Not a Set or a Map: V8 gives them a new table after a few additions and deletions, and each table leads to the one
// after it. Once a table has become an old object, all later tables are kept with everything that was in them, though
// none of it is used any more, until the old objects are collected: a request and its answer, 4 KB each, became old
// objects that way, and collecting them held up all requests for some 50 ms every few seconds.

export type Slots<T> = {
  /** Returns the place of the item, for `remove`. */
  add(item: T): number;
  remove(slot: number): void;
  all(): T[];
};

export function createSlots<T extends object>(): Slots<T> {
  const items: (T | null)[] = [];
  const free: number[] = [];
  return {
    add(item) {
      const slot = free.pop() ?? items.length;
      items[slot] = item;
      return slot;
    },
    remove(slot) {
      items[slot] = null;
      free.push(slot);
    },
    all: () => items.filter((item) => item !== null),
  };
}
