// Commits handled offsets, all partitions in one request and one request at a time: with a commit
// for each batch, every other partition of the fetch would wait for its round trip.
//
// Guarantees: only offsets whose handler has resolved are ever committed. A commit may be late, or
// be left out when the partitions are assigned again; then the same messages are read again.

import type { OffsetsByTopicPartition } from 'kafkajs';
import { settleWithin } from './settle.ts';

export type Commit = (offsets: OffsetsByTopicPartition) => Promise<void>;

export type Committer = {
  /** Reading goes on at this offset; `commit` belongs to the consumer's current membership. */
  add(partition: number, next: string, commit: Commit): void;
  /** Resolves when no commit is waiting any more, or none can be made now. */
  flush(): Promise<void>;
  /**
   * Only these partitions are assigned to this member now. If it is a new member, the group had
   * forgotten it, and another one may have committed more since: then no offset waits any more.
   */
  keepOnly(partitions: readonly number[], memberId: string): void;
  stop(): void;
};

/** How long a stop, or a rebalance of the group, waits for a commit. */
const FLUSH_MS = 2_000;
const RETRY_MS = 500;

export function createCommitter(topic: string, onError: (error: unknown) => void): Committer {
  const waiting = new Map<number, string>();
  let inHand: Promise<void> | null = null;
  let latest: Commit | null = null;
  let retry: NodeJS.Timeout | undefined;
  let member = '';

  async function run(): Promise<void> {
    // In the same event-loop task as the last check for waiting offsets: an offset that is added
    // later must begin a run of its own.
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
    // In a later event-loop task: a run that ends at once must not end before it is in `inHand`.
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
    keepOnly(partitions, memberId) {
      for (const partition of waiting.keys())
        if (memberId !== member || !partitions.includes(partition)) waiting.delete(partition);
      member = memberId;
    },
    stop() {
      waiting.clear();
      clearTimeout(retry);
    },
  };
}
