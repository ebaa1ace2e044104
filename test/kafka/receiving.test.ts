import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Bus } from '../../lib/bus/bus.ts';
import { createClient } from '../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { outboundGroup, subscribeOutbound, type Unsubscribe } from '../../workers/receiver.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { makeTopic, openTestBus, quiet, sharedBroker } from './support/shared-broker.ts';

const WAIT = { timeoutMs: 20_000 };

/** The same bus under names of topics that no other test has. */
function renamed(bus: Bus, name: (topic: string) => string): Bus {
  return {
    ...bus,
    async publish(messages) {
      return await bus.publish(messages.map((message) => ({ ...message, topic: name(message.topic) })));
    },
    subscribe: (subscription) => bus.subscribe({ ...subscription, topic: name(subscription.topic) }),
  };
}

describe('from the relay through Kafka to a worker', function () {
  this.timeout(60_000);

  const world = useSync();
  let kafka: KafkaBus;
  let bus: Bus;
  let relay: Relay;
  let topic: string;
  let groupId: string;
  let unsubscribe: Unsubscribe;

  beforeEach(async () => {
    kafka = openTestBus();
    topic = await makeTopic(kafka);
    bus = renamed(kafka, (name) => (name === topics.outbound ? topic : name));
    groupId = `g.${randomUUID()}`;
    relay = createRelay({
      db: world.db,
      bus,
      clock: world.clock,
      log: quiet,
      address: 'here',
      routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
      headers: 'full',
    });
    unsubscribe = await subscribe();
  });
  afterEach(async () => {
    await relay.stop();
    await kafka.close();
  });

  const subscribe = () => subscribeOutbound(bus, { deps: world.deps, wake: () => undefined }, groupId);
  const count = async (table: string, where = 'true'): Promise<number> => {
    const { rows } = await world.db.raw<{ rows: { n: number }[] }>(
      `select count(*)::integer as n from ${table} where ${where}`,
    );
    return rows[0]?.n ?? 0;
  };
  const received = (n: number) =>
    waitUntil(async () => (await count('sync_deliveries')) === n, { ...WAIT, what: `${n} deliveries` });
  const relayAll = async () => {
    while ((await relay.runOnce()) > 0);
  };
  const dirt = async () => {
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      'select internal_id, dirty, clean from external_mappings order by internal_id',
    );
    return rows;
  };
  const rereadAll = async (): Promise<void> => {
    const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
    await admin.connect();
    const group = outboundGroup(groupId, 'stripe');
    const caughtUp = async () => {
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      return ends.every(
        ({ partition, high }) =>
          high === '0' || offsets?.partitions.find((one) => one.partition === partition)?.offset === high,
      );
    };
    await waitUntil(caughtUp, { ...WAIT, what: 'the group at the end' });
    await unsubscribe();
    await admin.deleteGroups([group]);
    unsubscribe = await subscribe();
    await waitUntil(caughtUp, { ...WAIT, what: 'the group at the end again' });
    await admin.disconnect();
  };

  it('brings each committed change to its delivery', async () => {
    const { id } = await world.create();
    await world.update(id, { name: 'Second' });
    await world.create();
    await relayAll();
    await received(3);
  });

  it('reads a whole topic again without any effect when the group’s offsets are gone', async () => {
    const { id } = await world.create();
    await world.update(id, { name: 'Second' });
    await world.create();
    await relayAll();
    await received(3);
    const before = await dirt();
    await rereadAll();
    expect(await count('sync_deliveries')).to.equal(3);
    expect(await dirt()).to.deep.equal(before);
    await world.run();
    await rereadAll();
    expect(world.calls().filter((call) => call === 'POST /v1/customers')).to.have.length(2);
    expect(await count('sync_deliveries', "status = 'queued'")).to.equal(0);
  });

  it('passes by what is no envelope, and takes what comes behind it', async () => {
    const producer = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).producer();
    await producer.connect();
    const foreign = [
      'not json',
      '[]',
      '{"schema_version":2}',
      '{"schema_version":1,"event_type":"customer.created"}',
    ];
    for (let partition = 0; partition < 3; partition += 1) {
      await producer.send({
        topic,
        messages: [...foreign.map((value) => ({ value, partition })), { value: null, partition }],
      });
    }
    await producer.disconnect();
    await world.create();
    await world.create();
    await relayAll();
    await received(2);
    const named = () => world.log.filter(({ event }) => event === 'receive.not_an_envelope').length;
    await waitUntil(() => named() === 15, { ...WAIT, what: 'each named in the log' });
  });

  it('refuses a Kafka that is not the one the cursor was bound to', async () => {
    await world.create();
    await relayAll();
    await relay.stop();
    const identity = await kafka.identity();
    const elsewhere = createRelay({
      db: world.db,
      bus: { ...bus, identity: () => Promise.resolve('kafka:another-cluster') },
      clock: world.clock,
      log: quiet,
      address: 'here',
      routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
      headers: 'full',
    });
    const error: unknown = await elsewhere.runOnce().catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'other_bus', retryable: false });
    expect(String(error)).to.include(identity).and.include('kafka:another-cluster');
    await elsewhere.stop();
  });
});
