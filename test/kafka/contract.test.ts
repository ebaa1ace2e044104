import kafkajs from 'kafkajs';
import { createClient } from '../../lib/bus/kafka/client.ts';
import { describeBusContract } from '../lib/bus/contract.ts';
import { makeTopic, openTestBus, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

describeBusContract('kafka', async ({ maxValueBytes }) => {
  const bus = openTestBus();
  const topic = await makeTopic(bus);
  if (maxValueBytes !== undefined) await limitMessages(topic, maxValueBytes);
  return {
    bus: {
      ...bus,
      // Members of one group share what they read, also across tests.
      subscribe: (subscription) =>
        bus.subscribe({ ...subscription, group: `${topic}.${subscription.group}` }),
    },
    topic,
    close: () => bus.close(),
  };
});

async function limitMessages(topic: string, bytes: number): Promise<void> {
  const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries };
  await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  await admin.disconnect();
}
