import { createClient } from '../../lib/bus/kafka/client.ts';
import { describeBusContract } from '../lib/bus/contract.ts';
import { newTopicName, openTestBus, quiet, sharedBroker } from './support/shared-broker.ts';

describeBusContract('kafka', async ({ maxValueBytes }) => {
  const topic = newTopicName();
  const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
  await admin.connect();
  const configEntries =
    maxValueBytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(maxValueBytes) }];
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 3, configEntries }] });
  await admin.disconnect();
  const bus = openTestBus();
  return {
    bus: {
      ...bus,
      // Members of one group share what they read, whichever test they are of.
      subscribe: (subscription) =>
        bus.subscribe({ ...subscription, group: `${topic}.${subscription.group}` }),
    },
    topic,
    close: () => bus.close(),
  };
});
