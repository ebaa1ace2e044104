// The newest records of topics, looked at once: without a consumer group, so that nothing is
// committed and no right is needed that a relay lacks.
import type { Received } from '../bus.ts';
import { createClusterAdmin } from './admin.ts';
import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { createInnerCluster, type InnerCluster } from './inner-cluster.ts';
import { toReceived } from './received.ts';

/** So many of each partition are looked at, as far as they go into so many bytes. */
const RECORDS = 20;
const BYTES = 262_144;

/** Of topics that are missing there are none. Rejects with what kafkajs says. */
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
    const there = topics.filter((topic) => present.has(topic));
    if (there.length === 0) return [];
    await cluster.connect();
    await cluster.addMultipleTargetTopics(there);
    const found: Received[] = [];
    for (const topic of there) {
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
