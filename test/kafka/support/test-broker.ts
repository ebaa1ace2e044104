// Kafka brokers for tests: real ones, whose data folder is removed with them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker, type Broker, type BrokerOptions } from '../../../cli/embedded/kafka/broker.ts';
import { newKafkaId, type Node } from '../../../cli/embedded/kafka/properties.ts';
import type { KafkaLog } from '../../../lib/bus/kafka/client.ts';
import { freePorts } from './ports.ts';

export type TestBroker = Broker & { remove(): Promise<void> };

/** A running broker of the caller's own. */
export async function startTestBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const [broker] = await startTestCluster(1, options);
  if (broker === undefined) throw new Error('a cluster of one has a broker');
  return broker;
}

/** A cluster of this number of running brokers. */
export async function startTestCluster(
  size: number,
  options: Partial<BrokerOptions> = {},
): Promise<TestBroker[]> {
  const ports = await freePorts(size * 2);
  const cluster = Array.from({ length: size }, (_, at): Node => {
    const [client = 0, controller = 0] = ports.slice(at * 2);
    return { id: at + 1, ports: { client, controller } };
  });
  const clusterId = newKafkaId();
  const say = (text: string) => console.log(`    ${text}`);
  const brokers = await Promise.all(
    cluster.map(async (node): Promise<TestBroker> => {
      const folder = await mkdtemp(join(tmpdir(), 'twinbox-kafka-'));
      const broker = await createBroker({ node, cluster, clusterId, dataDir: folder, say, ...options });
      return {
        ...broker,
        async remove() {
          await broker.stop();
          await rm(folder, { recursive: true, force: true });
        },
      };
    }),
  );
  await Promise.all(brokers.map((broker) => broker.start()));
  return brokers;
}

export const quiet: KafkaLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
