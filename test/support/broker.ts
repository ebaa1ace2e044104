import type { Broker } from '../../cli/embedded/kafka/broker.ts';
import { isAppError } from '../../lib/errors.ts';
import { startTestBroker, type TestBroker } from '../kafka/support/test-broker.ts';

/**
 * A real Kafka for the tests of one `describe`; where none is available, they say so and are
 * skipped.
 */
export function useBroker(): () => Broker {
  let broker: TestBroker | undefined;

  before('start Kafka', async function () {
    this.timeout(360_000);
    try {
      broker = await startTestBroker();
    } catch (error) {
      if (!isAppError(error, 'kafka_unavailable') || error.retryable) throw error;
      console.error(`\n*** KAFKA TESTS SKIPPED: ${error.message} ***\n`);
      this.skip();
    }
  });

  after('stop Kafka', async function () {
    this.timeout(70_000);
    await broker?.remove();
  });

  return () => {
    if (!broker) throw new Error('Kafka is not there before the first test');
    return broker;
  };
}
