import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { newMessage } from '../lib/bus/contract.ts';
import { createSignal } from '../support/signal.ts';
import { makeTopic, openTestBus } from './support/shared-broker.ts';

describe('an offset in Kafka', function () {
  this.timeout(60_000);

  it('is not committed before the handler is done: after a failed handler the next one gets the same record', async () => {
    const bus = openTestBus();
    try {
      const topic = await makeTopic(bus, { partitions: 1 });
      const group = `g.${randomUUID()}`;
      const message = newMessage(topic, { key: 'customer:1' });
      const failed = createSignal();
      const stop = await bus.subscribe({
        topic,
        group,
        handler: () => {
          failed.fire();
          return Promise.reject(new Error('the delivery was not stored'));
        },
      });
      await bus.publish([message]);
      await failed.promise;
      await stop();
      // A later record shows that the second member reads; without it the test could only wait for
      // a lost one.
      const later = newMessage(topic, { key: 'customer:1' });
      await bus.publish([later]);
      const given = createSignal<string | null | undefined>();
      await bus.subscribe({
        topic,
        group,
        handler: (batch) => Promise.resolve(given.fire(batch[0]?.eventId)),
      });
      expect(await given.promise).to.equal(message.eventId);
    } finally {
      await bus.close();
    }
  });
});
