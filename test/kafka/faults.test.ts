import { expect } from 'chai';
import type { Received } from '../../lib/bus/bus.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { busPart } from '../../lib/health/readiness.ts';
import { newMessage, publishUntilTaken } from '../lib/bus/contract.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { useChain, WAIT, withAdmin } from './support/chain.ts';
import { startProxy } from './support/proxy.ts';
import { findFaults } from './support/read-back.ts';
import { doors, makeTopic, openTestBus, readTopic, sharedBroker } from './support/shared-broker.ts';

const TOPIC = { partitions: 3, replication: null, retentionHours: 24, create: true };

/** Waits until readiness says so; a failure names what it said last. */
async function complains(bus: KafkaBus, ...texts: (string | RegExp)[]): Promise<void> {
  let last = '';
  const says = async (): Promise<boolean> => {
    const { ready, problem = '' } = await busPart(bus)();
    last = ready ? 'nothing' : problem;
    return (
      !ready && texts.every((text) => (typeof text === 'string' ? last.includes(text) : text.test(last)))
    );
  };
  await waitUntil(says, { ...WAIT, what: `readiness to say ${texts.join(' and ')}` }).catch(
    (error: unknown) => {
      throw new Error(`It says: ${last}`, { cause: error });
    },
  );
}
/** A rebalance alone waits up to 30 s for a member that the group has not given up yet. */
const recovers = (bus: KafkaBus) =>
  waitUntil(() => bus.health().problem === null, { timeoutMs: 60_000, what: 'readiness' }).catch(
    (error: unknown) => {
      throw new Error(`It says still: ${bus.health().problem}`, { cause: error });
    },
  );

describe('when Kafka fails', function () {
  this.timeout(150_000);

  describe('the whole way from the relay to Kafka', () => {
    const world = useSync();
    const chain = useChain(world, { requestTimeoutMs: 2_000 });
    afterEach(() => sharedBroker().thaw());

    it('names a broker that is frozen for a while, and only waits', async () => {
      await world.create();
      await chain.relayAll();
      await chain.received(1);
      sharedBroker().freeze();
      const { id } = await world.create();
      await world.update(id, { name: 'While it is frozen' });
      const relaying = chain.relayUntilTaken();
      await complains(
        chain.kafka,
        /Kafka has accepted no message for \d+ s/,
        `${chain.groupId}.stripe has not been in its group`,
      );
      expect(await chain.count('sync_deliveries')).to.equal(1);
      sharedBroker().thaw();
      await relaying;
      await chain.received(3);
      await recovers(chain.kafka);
    });

    it('names a topic that is deleted, and continues when it exists again', async () => {
      await world.create();
      await chain.relayAll();
      await chain.received(1);
      await withAdmin((admin) => admin.deleteTopics({ topics: [chain.topic] }));
      await world.create();
      const relaying = chain.relayUntilTaken();
      await complains(
        chain.kafka,
        'Kafka has accepted no message',
        'UNKNOWN_TOPIC_OR_PARTITION',
        `reads nothing of ${chain.topic}`,
      );
      await chain.kafka.ensureTopics([chain.topic], TOPIC);
      await relaying;
      await chain.received(2);
      await recovers(chain.kafka);
    });

    it('finds in Postgres the unread records of a deleted topic', async () => {
      await chain.unsubscribe();
      await world.create();
      await chain.relayAll();
      await withAdmin(async (admin) => {
        await admin.deleteTopics({ topics: [chain.topic] });
        // Kafka accepts the deletion first, and has the topic until then.
        const isGone = async () => !(await admin.listTopics()).includes(chain.topic);
        await waitUntil(isGone, { ...WAIT, what: 'the end of the topic' });
      });
      await waitUntil(
        () =>
          chain.kafka.ensureTopics([chain.topic], TOPIC).then(
            () => true,
            () => false,
          ),
        { ...WAIT, what: 'the topic again' },
      );
      await chain.subscribe();
      await world.create();
      await chain.relayUntilTaken();
      await chain.received(1);
      expect(await chain.closeGap()).to.equal(1);
      expect(await chain.count('sync_deliveries')).to.equal(2);
    });
  });

  describe('a client', () => {
    const open: KafkaBus[] = [];
    const openBus = (...args: Parameters<typeof openTestBus>): KafkaBus => {
      const bus = openTestBus(...args);
      open.push(bus);
      return bus;
    };
    afterEach(async () => {
      await Promise.all(open.splice(0).map((bus) => bus.close()));
      await sharedBroker().start();
    });

    it('that begins to read while Kafka is away waits, says so, and then reads', async () => {
      const topic = await makeTopic(openBus());
      await sharedBroker().stop();
      const bus = openBus();
      const kept: Received[] = [];
      await bus.subscribe({
        topic,
        group: topic,
        handler: (batch) => Promise.resolve(void kept.push(...batch)),
      });
      await complains(bus, `${topic} has not been in its group`, 'ECONNREFUSED');
      await sharedBroker().start();
      const message = newMessage(topic);
      await publishUntilTaken(bus, [message]);
      await waitUntil(() => kept.length > 0, { ...WAIT, what: 'the message' });
      await recovers(bus);
    });

    it('that is stopped does not wait for a Kafka that is away', async () => {
      const bus = openBus();
      const topic = await makeTopic(bus);
      const kept: Received[] = [];
      await bus.subscribe({
        topic,
        group: topic,
        handler: (batch) => Promise.resolve(void kept.push(...batch)),
      });
      await bus.publish([newMessage(topic)]);
      await waitUntil(() => kept.length > 0, { ...WAIT, what: 'the message' });
      await sharedBroker().kill();
      await complains(bus, `${topic} has not been in its group`);
      const began = performance.now();
      await bus.close();
      // A process has 10 s for its whole stop.
      expect(performance.now() - began).to.be.below(8_000);
    });

    it('sends smaller requests over a line that is too slow for a large one', async () => {
      const proxy = await startProxy(doors().proxied, doors().direct);
      try {
        const topic = await makeTopic(openBus());
        const bus = openBus({ brokers: [`127.0.0.1:${doors().proxied}`], requestTimeoutMs: 1_000 });
        const value = JSON.stringify('x'.repeat(20_000));
        const messages = Array.from({ length: 60 }, (_, n) =>
          newMessage(topic, { key: `customer:${n % 5}`, value }),
        );
        await bus.publish(messages.slice(0, 1));
        // The 1.2 MB would take 4 s as one request.
        proxy.slow(300_000);
        await publishUntilTaken(bus, messages);
        expect(findFaults(await readTopic(topic), messages)).to.deep.equal([]);
      } finally {
        await proxy.close();
      }
    });
  });
});
