// Creates or checks the topics before anything runs; one message names everything that is wrong.
import kafkajs, { type Admin } from 'kafkajs';
import { AppError } from '../../errors.ts';
import { waitUntil } from '../../loop.ts';
import type { ClusterAdmin } from './admin.ts';
import type { KafkaLog } from './client.ts';
import { describeFault, faultOf, isTopicMissing } from './faults.ts';

export type TopicSettings = {
  /** The least number of partitions. */
  partitions: number;
  /** Copies of each partition; the cluster's own default if null. */
  replication: number | null;
  retentionHours: number;
  /** Whether missing topics are created. */
  create: boolean;
};

const HOUR_MS = 3_600_000;

/** Throws `kafka_refused` with everything that is wrong. */
export async function ensureTopics(
  cluster: ClusterAdmin,
  names: readonly string[],
  settings: TopicSettings,
  log: KafkaLog,
): Promise<void> {
  const present = new Set(await cluster.ask((admin) => admin.listTopics()));
  const missing = names.filter((name) => !present.has(name));
  if (missing.length > 0 && settings.create) {
    await cluster.ask((admin) => createTopics(admin, missing, settings));
    await untilLed(cluster, missing);
    log.info('kafka.topics_created', { topics: missing, partitions: settings.partitions });
  }
  const problems = settings.create
    ? []
    : missing.map((name) => `there is no topic ${name}: create it, or set KAFKA_CREATE_TOPICS=yes`);
  const existing = names.filter((name) => present.has(name));
  if (existing.length > 0) problems.push(...(await findWrong(cluster, existing, settings, log)));
  if (problems.length === 0) return;
  throw new AppError('kafka_refused', {
    detail: `Kafka's topics are not as they must be:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  });
}

async function createTopics(admin: Admin, names: readonly string[], settings: TopicSettings): Promise<void> {
  const { partitions, replication, retentionHours } = settings;
  await admin.createTopics({
    // untilLed waits; kafkajs would mistake a broker that does not know the topic yet for one that
    // refuses it.
    waitForLeaders: false,
    topics: names.map((topic) => ({
      topic,
      numPartitions: partitions,
      // -1: the cluster's default (KIP-464).
      replicationFactor: replication ?? -1,
      configEntries: [
        { name: 'retention.ms', value: String(retentionHours * HOUR_MS) },
        { name: 'cleanup.policy', value: 'delete' },
        // With acks from all replicas, this is how many copies an acknowledged record has at least.
        ...(replication === null
          ? []
          : [{ name: 'min.insync.replicas', value: String(Math.max(1, replication - 1)) }]),
      ],
    })),
  });
}

/**
 * A broker may not know the topic yet, and the metadata may name a leader a moment before that
 * leader knows of its role.
 */
async function untilLed(cluster: ClusterAdmin, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const isLed = async (): Promise<boolean> => {
      try {
        await cluster.ask((admin) => admin.fetchTopicOffsets(name));
        return true;
      } catch (error) {
        if (faultOf(error) === 'setup' && !isTopicMissing(error)) throw error;
        return false;
      }
    };
    await waitUntil(isLed, { timeoutMs: 20_000, everyMs: 50, what: `a leader of ${name}` });
  }
}

async function findWrong(
  cluster: ClusterAdmin,
  names: readonly string[],
  { partitions, replication, retentionHours }: TopicSettings,
  log: KafkaLog,
): Promise<string[]> {
  const { topics } = await cluster.ask((admin) => admin.fetchTopicMetadata({ topics: [...names] }));
  const problems = topics.flatMap(({ name, partitions: found }) => {
    const copies = Math.min(...found.map(({ replicas }) => replicas.length));
    return [
      ...(found.length < partitions
        ? [`${name} has ${found.length} partitions, and KAFKA_TOPIC_PARTITIONS wants at least ${partitions}`]
        : []),
      ...(replication !== null && copies < replication
        ? [`${name} has ${copies} replicas, and KAFKA_TOPIC_REPLICATION wants ${replication}`]
        : []),
    ];
  });
  for (const [name, config] of await readConfigs(cluster, names, log)) {
    const { 'cleanup.policy': policy = 'delete', 'retention.ms': kept = '-1' } = config;
    if (policy !== 'delete')
      problems.push(
        `${name} has cleanup.policy=${policy}: compaction would remove events; it must be delete`,
      );
    if (Number(kept) >= 0 && Number(kept) < retentionHours * HOUR_MS)
      problems.push(
        `${name} keeps ${Number(kept) / HOUR_MS} hours, and KAFKA_TOPIC_RETENTION_HOURS wants ${retentionHours}`,
      );
  }
  return problems;
}

/** How each topic treats old records; nothing if the cluster does not let us read it. */
export async function readConfigs(
  cluster: ClusterAdmin,
  names: readonly string[],
  log: KafkaLog,
): Promise<[string, Record<string, string>][]> {
  try {
    const { resources } = await cluster.ask((admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: names.map((name) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configNames: ['cleanup.policy', 'retention.ms'],
        })),
      }),
    );
    return resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]);
  } catch (error) {
    // Many clusters do not let clients read these settings; only this check needs them.
    log.warn('kafka.topic_settings_unread', { why: describeFault(error) });
    return [];
  }
}
