// One real Kafka for all files of this folder: started before the first test, stopped after the last.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broker } from '../../../cli/embedded/kafka/broker.ts';
import { createKafkaBus, type KafkaBus, type KafkaBusOptions } from '../../../lib/bus/kafka/kafka.ts';
import type { KafkaSettings } from '../../../lib/bus/kafka/client.ts';
import { isAppError } from '../../../lib/errors.ts';
import { makeCertificates, type Certificates } from '../../support/certificates.ts';
import { chooseDoors, listenersOf, type Doors } from './listeners.ts';
import { readTopicOf, type Lying } from './read-back.ts';
import { quiet, startTestBroker, type TestBroker } from './test-broker.ts';

type Shared = { broker: TestBroker; doors: Doors; certificates: Certificates | undefined; folder: string };

let shared: Shared | null = null;

async function startShared(): Promise<Shared> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-kafka-'));
  const certificates = await makeCertificates(folder);
  const doors = await chooseDoors();
  const { listeners, properties } = listenersOf(doors, certificates);
  // The broker's minimum is 6 s, and a test that kills a member would wait for that.
  const quick = { 'group.min.session.timeout.ms': '500' };
  const broker = await startTestBroker({ listeners, properties: { ...properties, ...quick } });
  return { broker, doors, certificates, folder };
}

before('start Kafka', async function () {
  this.timeout(360_000);
  try {
    shared = await startShared();
  } catch (error) {
    if (!isAppError(error, 'kafka_unavailable') || error.retryable) throw error;
    console.error(`\n*** KAFKA TESTS SKIPPED: ${error.message} ***\n`);
    this.skip();
  }
});

after('stop Kafka', async function () {
  this.timeout(70_000);
  if (shared === null) return;
  await shared.broker.remove();
  await rm(shared.folder, { recursive: true, force: true });
});

export function sharedBroker(): Broker {
  return demand().broker;
}

export function doors(): Doors {
  return demand().doors;
}

/** Undefined where there is no openssl. */
export function certificates(): Certificates | undefined {
  return demand().certificates;
}

function demand(): Shared {
  if (shared === null) throw new Error('the shared Kafka is not there before the first test');
  return shared;
}

/** Short times for noticing and stopping: these are the tests' values, not the product's. */
const TIMES = { sessionTimeoutMs: 2_000, heartbeatMs: 300, fetchWaitMs: 100, metadataMs: 500 };

export function openTestBus(
  settings: Partial<KafkaSettings> = {},
  options: Partial<KafkaBusOptions> = {},
): KafkaBus {
  return createKafkaBus({
    settings: { brokers: [sharedBroker().bootstrap], ...settings },
    log: quiet,
    times: TIMES,
    ...options,
  });
}

export function newTopicName(): string {
  return `test.${randomUUID()}`;
}

/** A topic of the caller's own on the shared broker. */
export async function makeTopic(bus: KafkaBus, { partitions = 3 } = {}): Promise<string> {
  const topic = newTopicName();
  await bus.ensureTopics([topic], { partitions, replication: null, retentionHours: 24, create: true });
  return topic;
}

/** Every record of a topic of the shared broker, each partition in its order. */
export function readTopic(topic: string): Promise<Lying[]> {
  return readTopicOf([sharedBroker().bootstrap], topic);
}
