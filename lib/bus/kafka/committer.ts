// Commits what has been handled, all partitions in one request and one request at a time: a commit
// for each batch would cost every other partition of the fetch its round trip.
//
// Guarantees: only offsets whose handler has resolved are ever committed. A commit may be late, or
// be left out when the group is shared anew; then what it stood for is read again.

import type { OffsetsByTopicPartition } from 'kafkajs';
import { settleWithin } from './settle.ts';

export type Commit = (offsets: OffsetsByTopicPartition) => Promise<void>;

export type Committer = {
  /** Reading goes on at this offset; `commit` belongs to the consumer as it is now. */
  add(partition: number, next: string, commit: Commit): void;
  /** Resolves when nothing is waiting any more, or it cannot be committed now. */
  flush(): Promise<void>;
  /** Only these partitions are ours now. */
  keepOnly(partitions: readonly number[]): void;
  stop(): void;
};

/** So long does a stop, or a new sharing of the group, wait for a commit. */
const FLUSH_MS = 2_000;
const RETRY_MS = 500;

export function createCommitter(topic: string, onError: (error: unknown) => void): Committer {
  const waiting = new Map<number, string>();
  let inHand: Promise<void> | null = null;
  let latest: Commit | null = null;
  let retry: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    // In the same event-loop task as the last look at what is waiting: an offset added later has to
    // begin a run of its own.
    const rest = () => void (inHand = null);
    while (waiting.size > 0 && latest !== null) {
      const taken = [...waiting];
      try {
        await latest({
          topics: [{ topic, partitions: taken.map(([partition, offset]) => ({ partition, offset })) }],
        });
      } catch (error) {
        onError(error);
        retry = setTimeout(() => void start(), RETRY_MS).unref();
        return rest();
      }
      for (const [partition, offset] of taken)
        if (waiting.get(partition) === offset) waiting.delete(partition);
    }
    rest();
  }

  function start(): Promise<void> {
    clearTimeout(retry);
    // Not in this event-loop task: a run that ends at once must not end before `inHand` holds it.
    inHand ??= Promise.resolve().then(run);
    return inHand;
  }

  return {
    add(partition, next, commit) {
      latest = commit;
      waiting.set(partition, next);
      void start();
    },
    flush: () => settleWithin(FLUSH_MS, start()),
    keepOnly(partitions) {
      for (const partition of waiting.keys()) if (!partitions.includes(partition)) waiting.delete(partition);
    },
    stop() {
      waiting.clear();
      clearTimeout(retry);
    },
  };
}
