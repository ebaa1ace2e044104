import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker, type Broker } from '../../cli/embedded/kafka/broker.ts';
import { isAppError } from '../../lib/errors.ts';
import { freePorts } from '../kafka/support/ports.ts';

/** A real Kafka for the tests of one `describe`; where there is none to be had, they say so and are skipped. */
export function useBroker(): () => Broker {
  let broker: Broker | undefined;
  let folder = '';

  before('start Kafka', async function () {
    this.timeout(360_000);
    folder = await mkdtemp(join(tmpdir(), 'twinbox-kafka-'));
    const [client = 0, controller = 0] = await freePorts(2);
    const node = { id: 1, ports: { client, controller } };
    const say = (text: string): void => console.log(`    ${text}`);
    try {
      broker = await createBroker({ node, cluster: [node], dataDir: folder, say });
      await broker.start();
    } catch (error) {
      if (!isAppError(error, 'kafka_unavailable') || error.retryable) throw error;
      console.error(`\n*** KAFKA TESTS SKIPPED: ${error.message} ***\n`);
      this.skip();
    }
  });

  after('stop Kafka', async function () {
    this.timeout(70_000);
    await broker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  return () => {
    if (!broker) throw new Error('Kafka is not there before the first test');
    return broker;
  };
}
