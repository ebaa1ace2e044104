// The bus of the full form: Apache Kafka. The contract is the same as that of the in-process bus;
// producer.ts and consumer.ts do the work, and docs/decisions/0030-kafkajs.md has the decisions.

import { AppError } from '../../errors.ts';
import { BusError, isRefusedRecord, type Bus, type Received } from '../bus.ts';
import { createClusterAdmin } from './admin.ts';
import { createClient, REQUEST_TIMEOUT_MS, type KafkaLog, type KafkaSettings } from './client.ts';
import { CONSUMER_TIMES, type ConsumerTimes } from './consumer.ts';
import { explainCoordinator } from './coordinator.ts';
import { createDiagnosis } from './diagnosis.ts';
import { describeFault, toStartError } from './faults.ts';
import { judgeHealth, noteFailure, type PublishTrouble } from './health.ts';
import { readNewest } from './newest.ts';
import { createPublisher } from './producer.ts';
import { readProgress } from './progress.ts';
import { startReader, type Reader } from './reader.ts';
import { ensureTopics, type TopicSettings } from './topics.ts';
import { createWatchdog } from './watchdog.ts';

export type KafkaBusOptions = {
  settings: KafkaSettings;
  log: KafkaLog;
  times?: Partial<ConsumerTimes>;
  /** How long a consumer may do nothing while messages wait for it; default 120 s. */
  stallMs?: number;
  /** The beginning of the name of every topic and group in the cluster; only this file uses it. */
  prefix?: string;
};

export type KafkaBus = Bus & {
  /** Creates or checks the topics; throws with everything that is wrong. */
  ensureTopics(names: readonly string[], settings: TopicSettings): Promise<void>;
  /**
   * Resolves when a consumer has stopped for good, or does nothing: the process should log it and
   * end.
   */
  failed: Promise<Error>;
  /** The newest records of these topics, some of each partition. Throws the errors of a start. */
  newest(names: readonly string[]): Promise<Received[]>;
  /**
   * Each subscription, and the partitions assigned to this member; null while it is in no group.
   */
  subscriptions(): { topic: string; group: string; partitions: readonly number[] | null }[];
};

/** Opens no connection until the first request. */
export function createKafkaBus({
  settings,
  log,
  times = {},
  stallMs = 120_000,
  prefix = '',
}: KafkaBusOptions): KafkaBus {
  const named = prefixedBy(prefix);
  const suffix = prefix === '' ? '' : `/${prefix}`;
  const kafka = createClient(settings, log);
  const cluster = createClusterAdmin(kafka);
  const consumerTimes = { ...CONSUMER_TIMES, ...times };
  const publisher = createPublisher({
    kafka,
    admin: cluster,
    requestTimeoutMs: settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    metadataMs: consumerTimes.metadataMs,
    named,
  });
  const readers = new Set<{ topic: string; group: string; reader: Reader }>();
  const failure = Promise.withResolvers<Error>();
  const watchdog = createWatchdog({ cluster, log, stallMs, onStall: failure.resolve });
  let closed = false;
  let trouble: PublishTrouble = null;
  const diagnosis = createDiagnosis(settings, log);
  const noteTrouble = (error: unknown): void => {
    diagnosis.begin(error);
    trouble = noteFailure(trouble, describeFault(error), performance.now());
  };

  return {
    async publish(messages) {
      try {
        const places = await publisher.publish(messages);
        if (messages.length > 0) trouble = null;
        return places;
      } catch (error) {
        // A record that the broker refuses was answered, so Kafka can be reached.
        if (isRefusedRecord(error)) trouble = null;
        else noteTrouble(error);
        throw error;
      }
    },
    prepare: (messages) => publisher.prepare(messages),
    async subscribe({ handler, ...asked }) {
      if (closed) throw new BusError('closed', 'the bus is closed');
      const subscription = { topic: named(asked.topic), group: named(asked.group), handler };
      const { topic, group } = subscription;
      const reader = startReader(subscription, {
        kafka,
        log,
        times: consumerTimes,
        explain: async (error) => diagnosis.explain(await explainCoordinator(settings, log, group, error)),
        onEnd: (cause) =>
          failure.resolve(
            new AppError('kafka_refused', {
              cause,
              detail: `${group} can read ${topic} no more: ${describeFault(cause)}`,
            }),
          ),
      });
      // Registered at once, so that a bus that is closed meanwhile closes this subscription too.
      const one = { topic, group, reader };
      readers.add(one);
      try {
        await reader.begun;
      } catch (error) {
        readers.delete(one);
        throw toStartError(await diagnosis.explain(error), settings.brokers);
      }
      const forget = watchdog.watch(one);
      return async () => {
        forget();
        if (readers.delete(one)) await reader.stop();
      };
    },
    // Requested each time: another cluster may have started at the same address.
    async identity() {
      try {
        return `kafka:${await cluster.clusterId()}${suffix}`;
      } catch (error) {
        // A caller requests the identity before it publishes: if this fails, nothing is published.
        noteTrouble(error);
        throw error;
      }
    },
    progress: (topic, group) => readProgress(cluster, named(topic), named(group)),
    health: () =>
      judgeHealth(
        trouble,
        [...readers].map(({ topic, group, reader }) => ({ topic, group, membership: reader.membership() })),
        {
          sessionTimeoutMs: consumerTimes.sessionTimeoutMs,
          now: performance.now(),
          unreachable: diagnosis.latest(),
        },
      ),
    async ensureTopics(names, topicSettings) {
      await ensureTopics(cluster, names.map(named), topicSettings, log).catch(async (error: unknown) => {
        if (error instanceof AppError) throw error;
        throw toStartError(await diagnosis.explain(error), settings.brokers);
      });
    },
    newest: (names) =>
      readNewest(settings, names.map(named), log).catch(async (error: unknown) => {
        throw toStartError(await diagnosis.explain(error), settings.brokers);
      }),
    failed: failure.promise,
    subscriptions: () =>
      [...readers].map(({ topic, group, reader }) => ({ topic, group, partitions: reader.assigned() })),
    async close() {
      closed = true;
      watchdog.stop();
      const stopping = [...readers];
      readers.clear();
      await Promise.all([publisher.close(), ...stopping.map(({ reader }) => reader.stop())]);
      await cluster.close();
    },
  };
}

/** One string for each name, since thousands of messages have it. */
function prefixedBy(prefix: string): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const full = known.get(name) ?? prefix + name;
    known.set(name, full);
    return full;
  };
}
