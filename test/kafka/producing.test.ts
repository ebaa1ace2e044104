import { expect } from 'chai';
import kafkajs from 'kafkajs';
import { BusError, type Message } from '../../lib/bus/bus.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { sendPage } from '../../relay/send.ts';
import { newMessage, publishUntilTaken } from '../lib/bus/contract.ts';
import { withAdmin } from './support/chain.ts';
import { page, restartUnderLoad } from './support/load.ts';
import { startProxy, type Proxy } from './support/proxy.ts';
import { findFaults } from './support/read-back.ts';
import { doors, makeTopic, openTestBus, readTopic, sharedBroker } from './support/shared-broker.ts';

describe('producing to Kafka', function () {
  this.timeout(60_000);

  let bus: KafkaBus;
  beforeEach(() => {
    bus = openTestBus();
  });
  afterEach(() => bus.close());

  it('accepts more than one request can hold: long pages, long values, a page of more than 8 MB', async () => {
    const topic = await makeTopic(bus, { partitions: 2 });
    const messages = [...page(topic, 1_500, 50), ...page(topic, 30, 400_000)];
    const places = await bus.publish(messages);
    const lying = await readTopic(topic);
    expect(findFaults(lying, messages)).to.deep.equal([]);
    expect(lying).to.have.length(messages.length);
    for (const [index, { partition, offset }] of places.entries()) {
      const found = lying.find((one) => one.partition === partition && one.offset === offset);
      expect(found?.eventId).to.equal(messages[index]?.eventId);
    }
  });

  describe('when answers do not arrive', () => {
    let proxy: Proxy;
    let proxied: KafkaBus;
    beforeEach(async () => {
      proxy = await startProxy(doors().proxied, doors().direct);
      proxied = openTestBus({ brokers: [`127.0.0.1:${doors().proxied}`], requestTimeoutMs: 500 });
    });
    afterEach(async () => {
      await proxied.close();
      await proxy.close();
    });

    for (const how of ['silent', 'cut'] as const) {
      it(`loses nothing and keeps each key's order (${how === 'cut' ? 'the connection breaks' : 'silence'})`, async () => {
        const topic = await makeTopic(bus);
        const pages = Array.from({ length: 12 }, () => page(topic, 60));
        await proxied.publish(pages[0] ?? []);
        for (const [n, messages] of pages.slice(1).entries()) {
          if (n % 3 === 0) proxy.swallow(n % 2 === 0 ? 1 : 2, how);
          await publishUntilTaken(proxied, messages);
        }
        expect(proxy.swallowed()).to.be.at.least(4);
        const lying = await readTopic(topic);
        expect(findFaults(lying, pages.flat())).to.deep.equal([]);
        // The swallowed requests had been written: the repeats prove that the fault happened.
        expect(lying.length).to.be.above(pages.flat().length);
      });
    }
  });

  it('loses nothing and keeps each key’s order while the broker is restarted', () =>
    restartUnderLoad(bus, 2));

  it('parks a record that is too large, alone, and accepts all others in their order', async () => {
    const topic = await makeTopic(bus);
    const messages = page(topic, 300);
    const value = JSON.stringify('x'.repeat(1_200_000));
    const large = [17, 18, 250].map(
      (at): Message => (messages[at] = { ...newMessage(topic), key: 'customer:3', value }),
    );
    const sent = await sendPage(bus, messages, () => true);
    expect(sent?.refused.map(({ message }) => message.eventId)).to.deep.equal(
      large.map(({ eventId }) => eventId),
    );
    expect(sent?.refused[0]?.error.message).to.include(large[0]?.eventId).and.include('MESSAGE_TOO_LARGE');
    const rest = messages.filter((message) => !large.includes(message));
    const lying = await readTopic(topic);
    expect(findFaults(lying, rest)).to.deep.equal([]);
    messages.forEach((message, index) => {
      const place = sent?.places[index];
      const at = lying.find(
        ({ partition, offset }) => partition === place?.partition && offset === place.offset,
      );
      expect(at?.eventId).to.equal(large.includes(message) ? undefined : message.eventId);
    });
  });

  it('says which topic does not exist, and continues when it does', async () => {
    const topic = await makeTopic(bus);
    const missing = `${topic}.missing`;
    const messages = [newMessage(topic), newMessage(missing)];
    const error: unknown = await bus.publish(messages).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(BusError).and.include({ code: 'unavailable', retryable: true });
    expect(String(error)).to.include('UNKNOWN_TOPIC_OR_PARTITION');
    await bus.ensureTopics([missing], { partitions: 1, replication: null, retentionHours: 1, create: true });
    await publishUntilTaken(bus, messages);
    expect(await readTopic(missing)).to.have.length(1);
  });

  it('refuses no record because this machine’s clock is wrong, and sends them once it is right', async () => {
    const topic = await makeTopic(bus);
    const configEntries = [{ name: 'message.timestamp.before.max.ms', value: '60000' }];
    await withAdmin((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }],
      }),
    );
    const messages = page(topic, 5);
    const { now } = Date;
    Date.now = () => now() - 3_600_000;
    try {
      const error: unknown = await sendPage(bus, messages, () => true).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(BusError).and.include({ code: 'unavailable', retryable: true });
      expect(String(error)).to.include('INVALID_TIMESTAMP');
    } finally {
      Date.now = now;
    }
    await publishUntilTaken(bus, messages);
    expect(findFaults(await readTopic(topic), messages)).to.deep.equal([]);
  });

  it('gives up a frozen broker in time, and loses nothing when it answers again', async () => {
    const topic = await makeTopic(bus);
    const impatient = openTestBus({ requestTimeoutMs: 700 });
    try {
      const first = page(topic, 50);
      await impatient.publish(first);
      sharedBroker().freeze();
      const second = page(topic, 50);
      const error: unknown = await impatient.publish(second).catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'unavailable', retryable: true });
      sharedBroker().thaw();
      await publishUntilTaken(impatient, second);
      const third = page(topic, 50);
      await impatient.publish(third);
      expect(findFaults(await readTopic(topic), [...first, ...second, ...third])).to.deep.equal([]);
    } finally {
      sharedBroker().thaw();
      await impatient.close();
    }
  });
});
