// How far a group has come in a topic, read from the cluster.
import type { PartitionProgress } from '../bus.ts';
import type { ClusterAdmin } from './admin.ts';

/** Every partition of the topic; `next` is -1 if the group has committed nothing. */
export async function readProgress(
  cluster: ClusterAdmin,
  topic: string,
  group: string,
): Promise<PartitionProgress[]> {
  // The group's offsets are read first, so that they cannot be beyond the end that is read next.
  const groups = await cluster.ask((admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }));
  const ends = await cluster.ask((admin) => admin.fetchTopicOffsets(topic));
  const committed = new Map(
    groups[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
  );
  return ends.map(({ partition, low, high }) => ({
    topic,
    partition,
    next: committed.get(partition) ?? -1,
    low: Number(low),
    high: Number(high),
  }));
}
