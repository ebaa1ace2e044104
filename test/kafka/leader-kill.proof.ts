// Three brokers; the leader of a partition is killed under load, again and again. Counts of
// acknowledgements cannot show a loss, so the topic is read back at the end and ids are compared.
import { expect } from 'chai';
import type { Message, Received } from '../../lib/bus/bus.ts';
import { createClient } from '../../lib/bus/kafka/client.ts';
import { createKafkaBus, type KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { newMessage, publishUntilTaken } from '../lib/bus/contract.ts';
import { waitUntil } from '../support/signal.ts';
import { findFaults, readTopicOf } from './support/read-back.ts';
import { quiet, startTestCluster, type TestBroker } from './support/test-broker.ts';

const KILLS = 4;
const PAGE = 200;
const KEYS = 50;
const TOPIC = 'proof.leader-kill';
const GROUP = 'proof';
const WAIT = { timeoutMs: 60_000 };

/**
 * The death of a leader is noticed within seconds; Kafka's own defaults are for slower machines.
 */
const QUICK = {
  'controller.quorum.election.timeout.ms': '500',
  'controller.quorum.fetch.timeout.ms': '1000',
  'controller.quorum.election.backoff.max.ms': '300',
  'replica.lag.time.max.ms': '3000',
  'replica.fetch.wait.max.ms': '100',
};

describe('a leader that is killed under load', function () {
  this.timeout(300_000);

  let brokers: TestBroker[] = [];
  let bus: KafkaBus;
  before(async () => {
    brokers = await startTestCluster(3, { heapMb: 256, properties: QUICK });
    const addresses = brokers.map(({ bootstrap }) => bootstrap);
    bus = createKafkaBus({ settings: { brokers: addresses, requestTimeoutMs: 3_000 }, log: quiet });
    const settings = { partitions: 6, replication: 3, retentionHours: 1, create: true };
    await waitUntil(
      () =>
        bus.ensureTopics([TOPIC], settings).then(
          () => true,
          () => false,
        ),
      { ...WAIT, what: 'the topic' },
    );
  });
  after(async () => {
    await bus.close();
    // Started all at once they would wait for each other's votes.
    await Promise.all(brokers.map((broker) => broker.kill()));
    await Promise.all(brokers.map((broker) => broker.remove()));
  });

  /** One after the other, each broker that leads a partition; an in-sync replica takes over. */
  async function leaderOf(partition: number): Promise<TestBroker> {
    const admin = createClient({ brokers: brokers.map(({ bootstrap }) => bootstrap) }, quiet).admin();
    await admin.connect();
    try {
      return await waitUntil(
        async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
          const found = topics[0]?.partitions ?? [];
          // No broker is killed while a replica is missing: with two of three gone no message may
          // be acknowledged.
          if (found.length === 0 || found.some(({ isr }) => isr.length < 3)) return undefined;
          const leader = found.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
          return brokers[leader - 1];
        },
        { ...WAIT, everyMs: 100, what: 'every partition with three copies in sync' },
      );
    } finally {
      await admin.disconnect();
    }
  }

  it('loses no acknowledged message, keeps each key’s order, and the readers go on', async () => {
    const published: Message[] = [];
    const acknowledged = { count: 0, last: performance.now(), longestGapMs: 0 };
    const received = new Set<string>();
    const handler = (batch: readonly Received[]) => {
      for (const { eventId } of batch) if (eventId !== null) received.add(eventId);
      return Promise.resolve();
    };
    await bus.subscribe({ topic: TOPIC, group: GROUP, handler });
    const stop = { asked: false };
    const relaying = (async () => {
      while (!stop.asked) {
        const messages = Array.from({ length: PAGE }, (_, n) =>
          newMessage(TOPIC, { key: `customer:${n % KEYS}` }),
        );
        published.push(...messages);
        await publishUntilTaken(bus, messages);
        const now = performance.now();
        acknowledged.longestGapMs = Math.max(acknowledged.longestGapMs, now - acknowledged.last);
        acknowledged.last = now;
        acknowledged.count += messages.length;
      }
    })();
    const goesOn = (from: number) =>
      waitUntil(() => acknowledged.count >= from + 10 * PAGE, { ...WAIT, what: 'the stream to go on' });

    await goesOn(0);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const leader = await leaderOf(kill % 6);
      acknowledged.longestGapMs = 0;
      acknowledged.last = performance.now();
      const before = acknowledged.count;
      await leader.kill();
      await goesOn(before);
      const gap = (acknowledged.longestGapMs / 1_000).toFixed(1);
      console.log(
        `      kill ${kill + 1}: ${leader.bootstrap}; longest wait between acknowledgements ${gap} s`,
      );
      await leader.start();
    }
    stop.asked = true;
    await relaying;
    const lying = await readTopicOf([brokers[0]?.bootstrap ?? ''], TOPIC);
    const ids = new Set(lying.map(({ eventId }) => eventId));
    console.log(
      `      ${acknowledged.count} acknowledged, ${ids.size} of them in the topic, ${lying.length - ids.size} repeats`,
    );
    expect(findFaults(lying, published)).to.deep.equal([]);
    await waitUntil(() => received.size >= published.length, {
      ...WAIT,
      what: 'the readers to have everything',
    });
  });
});
