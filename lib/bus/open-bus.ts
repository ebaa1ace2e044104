// Which bus: Kafka if KAFKA_BOOTSTRAP_SERVERS is set, else one inside this process.
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { AppError, isAppError } from '../errors.ts';
import { sleep } from '../loop.ts';
import { noTracing, type Tracing } from '../tracing/tracing.ts';
import type { Bus, Received } from './bus.ts';
import { createInProcessBus } from './in-process.ts';
import type { KafkaLog, KafkaSettings } from './kafka/client.ts';
import { createKafkaBus } from './kafka/kafka.ts';
import { traceBus, type BusKind } from './traced.ts';
import type { ConsumerTimes } from './kafka/consumer.ts';

export type OpenBusOptions = {
  log: KafkaLog;
  /** Left out: no spans. */
  tracing?: Tracing;
  /** For what is received, if that is another role. */
  receiving?: Tracing;
  /** The topics that are used; created or checked before this resolves. */
  topics: readonly string[];
  /**
   * In process: topic -> the groups that must have a subscriber before anything is published to it.
   */
  required?: Readonly<Record<string, readonly string[]>>;
  /** How long to wait for a Kafka that does not answer; default 30 s. */
  patienceMs?: number;
  times?: Partial<ConsumerTimes>;
};

export type OpenBus = {
  bus: Bus;
  /** The brokers; null in process. */
  place: string | null;
  /**
   * The newest records of these topics, or of the topics in use (own-topics.ts); null in process.
   */
  newest: ((names?: readonly string[]) => Promise<Received[]>) | null;
  /** Resolves when the bus can no longer work in this process, which should log it and end. */
  failed: Promise<Error>;
};

/**
 * Throws `kafka_refused` at once for an error that a person has to fix, and `kafka_unavailable`
 * after the patience.
 */
export async function openBus(config: Pick<Config, 'kafka'>, options: OpenBusOptions): Promise<OpenBus> {
  const { log, topics, required = {}, patienceMs = 30_000, times = {}, tracing = noTracing } = options;
  const roles = { publishing: tracing, receiving: options.receiving ?? tracing };
  const traced = (bus: Bus, kind: BusKind): Bus => traceBus(bus, { kind, ...roles });
  if (config.kafka.bootstrapServers.length === 0) {
    const never = new Promise<Error>(() => undefined);
    const bus = traced(createInProcessBus({ required }), 'in_process');
    return { bus, place: null, newest: null, failed: never };
  }
  const settings = await kafkaSettings(config);
  const bus = createKafkaBus({ settings, log, times, prefix: config.kafka.topicPrefix });
  const patience = { log, patienceMs };
  try {
    await askPatiently(patience, () => bus.ensureTopics(topics, config.kafka.topics));
  } catch (error) {
    await bus.close();
    throw error;
  }
  const newest = (names = topics) => askPatiently(patience, () => bus.newest(names));
  return { bus: traced(bus, 'kafka'), place: settings.brokers.join(', '), newest, failed: bus.failed };
}

/**
 * In a deployment everything starts at once, and Kafka is seldom the first; for some seconds a
 * broker that has just started, or a topic that was just created, answers that a partition has no
 * leader.
 */
async function askPatiently<T>(
  { log, patienceMs }: { log: KafkaLog; patienceMs: number },
  ask: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let warned = false; ; warned = true) {
    try {
      return await ask();
    } catch (error) {
      if (!isAppError(error) || !error.retryable || performance.now() > deadline) throw error;
      if (!warned) log.warn('kafka.waiting', { why: error.message });
      await sleep(500);
    }
  }
}

export async function kafkaSettings({ kafka }: Pick<Config, 'kafka'>): Promise<KafkaSettings> {
  const { bootstrapServers, ssl, sasl } = kafka;
  const [ca, cert, key] = await Promise.all([
    readPem('KAFKA_SSL_CA', ssl.ca),
    readPem('KAFKA_SSL_CERT', ssl.cert),
    readPem('KAFKA_SSL_KEY', ssl.key),
  ]);
  return {
    brokers: bootstrapServers,
    tls: ssl.enabled ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : null,
    sasl: sasl ?? null,
  };
}

async function readPem(name: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('config_invalid', {
      cause,
      detail: `${name}: ${path} cannot be read: ${String(cause)}`,
    });
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new AppError('config_invalid', {
    detail: `${name}: ${path} is no PEM file (it has no line -----BEGIN …)`,
  });
}
