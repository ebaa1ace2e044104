// The newest records of topics, read once: without a consumer group, so that nothing is committed
// and no right is needed that a relay lacks.
import type { Received } from '../bus.ts';
import { createClusterAdmin } from './admin.ts';
import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { createInnerCluster, type InnerCluster } from './inner-cluster.ts';
import { toReceived } from './received.ts';

/** How many records of each partition are read, as far as they fit into the bytes below. */
const RECORDS = 20;
const BYTES = 262_144;

/** A topic that does not exist has no records. Rejects with the errors of kafkajs. */
export async function readNewest(
  settings: KafkaSettings,
  topics: readonly string[],
  log: KafkaLog,
): Promise<Received[]> {
  const kafka = createClient(settings, log);
  const admin = createClusterAdmin(kafka);
  const cluster = createInnerCluster(kafka);
  try {
    const present = new Set(await admin.ask((one) => one.listTopics()));
    const existing = topics.filter((topic) => present.has(topic));
    if (existing.length === 0) return [];
    await cluster.connect();
    await cluster.addMultipleTargetTopics(existing);
    const found: Received[] = [];
    for (const topic of existing) {
      const ends = await admin.ask((one) => one.fetchTopicOffsets(topic));
      const starts = ends
        .map(({ partition, low, high }) => ({
          partition,
          from: Math.max(Number(low), Number(high) - RECORDS),
          to: Number(high),
        }))
        .filter(({ from, to }) => from < to);
      found.push(...(await readFrom(cluster, topic, starts)));
    }
    return found;
  } finally {
    await Promise.all([admin.close(), cluster.disconnect().catch(() => undefined)]);
  }
}

async function readFrom(
  cluster: InnerCluster,
  topic: string,
  starts: readonly { partition: number; from: number }[],
): Promise<Received[]> {
  const leaders = cluster.findLeaderForPartitions(
    topic,
    starts.map(({ partition }) => partition),
  );
  const read = await Promise.all(
    Object.entries(leaders).map(async ([nodeId, partitions]) => {
      const broker = await cluster.findBroker({ nodeId });
      const { responses } = await broker.fetch({
        maxWaitTime: 1_000,
        minBytes: 1,
        maxBytes: BYTES * partitions.length,
        topics: [
          {
            topic,
            partitions: starts
              .filter(({ partition }) => partitions.includes(partition))
              .map(({ partition, from }) => ({ partition, fetchOffset: String(from), maxBytes: BYTES })),
          },
        ],
      });
      return responses.flatMap(({ partitions: answered }) =>
        answered.flatMap(({ partition, messages }) =>
          messages.map((message) => toReceived(topic, partition, message)),
        ),
      );
    }),
  );
  return read.flat();
}
