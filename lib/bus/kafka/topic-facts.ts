// The present settings of the topics, for a person. It changes nothing.
import { createClusterAdmin } from './admin.ts';
import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { toStartError } from './faults.ts';
import { readConfigs } from './topics.ts';

export type TopicFacts = {
  topic: string;
  partitions: number;
  /** The number for the partition that has the fewest. */
  replicas: number;
  /** Null if records are kept for ever; absent if the cluster does not let us read it. */
  retentionHours?: number | null;
};

const HOUR_MS = 3_600_000;

/**
 * Sorted by name, without topics that do not exist. Throws `kafka_unavailable` or `kafka_refused`.
 */
export async function readTopicFacts(
  settings: KafkaSettings,
  names: readonly string[],
  log: KafkaLog,
): Promise<TopicFacts[]> {
  const cluster = createClusterAdmin(createClient(settings, log));
  try {
    const { topics } = await cluster.ask((admin) => admin.fetchTopicMetadata({ topics: [...names] }));
    const configs = new Map(await readConfigs(cluster, names, log));
    return names.flatMap((topic) => {
      const found = topics.find(({ name }) => name === topic);
      if (found === undefined) return [];
      const kept = configs.get(topic)?.['retention.ms'];
      const facts = {
        topic,
        partitions: found.partitions.length,
        replicas: Math.min(...found.partitions.map(({ replicas }) => replicas.length)),
      };
      if (kept === undefined) return [facts];
      return [{ ...facts, retentionHours: Number(kept) < 0 ? null : Number(kept) / HOUR_MS }];
    });
  } catch (error) {
    throw toStartError(error, settings.brokers);
  } finally {
    await cluster.close();
  }
}
