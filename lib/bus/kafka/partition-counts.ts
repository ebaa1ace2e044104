// How many partitions each topic has; the partition of a key is computed from this number.
import type { ClusterAdmin } from './admin.ts';

export type PartitionCounts = {
  /** The same map as before while no number was requested anew. */
  of(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, number>>;
  /** What is known without a request. */
  known(): ReadonlyMap<string, number>;
  /** Requests the number anew next time, because an answer was not as expected. */
  forget(): void;
};

/** A partition that was added is used after `freshMs` at the latest. */
export function createPartitionCounts(admin: ClusterAdmin, freshMs: number): PartitionCounts {
  let known = new Map<string, number>();
  const askedAt = new Map<string, number>();
  return {
    async of(topics) {
      const stale = [...topics].filter(
        (topic) => performance.now() - (askedAt.get(topic) ?? -Infinity) > freshMs,
      );
      if (stale.length === 0) return known;
      const found = await admin.ask((one) => one.fetchTopicMetadata({ topics: stale }));
      known = new Map(known);
      for (const { name, partitions } of found.topics) {
        known.set(name, partitions.length);
        askedAt.set(name, performance.now());
      }
      return known;
    },
    known: () => known,
    forget: () => askedAt.clear(),
  };
}
