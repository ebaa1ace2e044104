import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Bus } from '../../lib/bus/bus.ts';
import { createClient } from '../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { outboundGroup, subscribeOutbound, type Unsubscribe } from '../../workers/receiver.ts';
import { NOTICES_PER_MINUTE } from '../../workers/refused-records.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { makeTopic, openTestBus, readTopic, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

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
  let dlq: string;
  let groupId: string;
  let unsubscribe: Unsubscribe;

  beforeEach(async () => {
    kafka = openTestBus();
    topic = await makeTopic(kafka);
    dlq = await makeTopic(kafka, { partitions: 1 });
    const names: Record<string, string> = { [topics.outbound]: topic, [topics.dlq]: dlq };
    bus = renamed(kafka, (name) => names[name] ?? name);
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

  const subscribe = (base = groupId) =>
    subscribeOutbound(bus, { deps: world.deps, wake: () => undefined }, base);
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
  /** Lets a group that is at the end read the whole topic again. */
  const rereadAll = async (base = groupId, end = unsubscribe): Promise<void> => {
    const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
    await admin.connect();
    const group = outboundGroup(base, 'stripe');
    const caughtUp = async () => {
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      return ends.every(
        ({ partition, high }) =>
          high === '0' || offsets?.partitions.find((one) => one.partition === partition)?.offset === high,
      );
    };
    await waitUntil(caughtUp, { ...WAIT, what: 'the group at the end' });
    await end();
    await admin.deleteGroups([group]);
    const again = await subscribe(base);
    if (base === groupId) unsubscribe = again;
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

  describe('with records that are no envelope', () => {
    const produce = async (
      messages: { value: string | null; partition: number; headers?: Record<string, string> }[],
    ) => {
      const producer = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).producer();
      await producer.connect();
      await producer.send({ topic, messages });
      await producer.disconnect();
    };
    type Notice = { event_id: string; target: string; reason: string; detail: Record<string, unknown> };
    const notices = async (): Promise<Notice[]> => {
      const { rows } = await world.db.raw<{ rows: { parked: Notice }[] }>(
        "select payload -> 'parked' as parked from sync_events where event_type = 'delivery.parked' order by id",
      );
      return rows.map(({ parked }) => parked);
    };
    const noticed = (n: number) =>
      waitUntil(async () => (await notices()).length >= n, { ...WAIT, what: `${n} notices` });
    const foreign = [
      'not json: Ada Lovelace',
      '[]',
      '{"schema_version":2}',
      '{"schema_version":1,"event_type":"customer.created","name":"Ada Lovelace"}',
      null,
    ];

    it('passes them by with a notice each, and takes what comes behind them', async () => {
      for (const partition of [0, 1, 2])
        await produce(foreign.map((value) => ({ value, partition, headers: { ce_id: 'Ada' } })));
      await world.create();
      await world.create();
      await relayAll();
      await received(2);
      await noticed(15);
      const found = await notices();
      expect(found).to.have.length(15);
      const first = found.filter(({ detail }) => detail['partition'] === 0);
      expect(
        first.map(({ reason, detail }) => [reason, detail['offset'], detail['value_bytes']]),
      ).to.deep.equal([
        ['not_json', 0, 22],
        ['not_an_object', 1, 2],
        ['unknown_schema_version', 2, 20],
        ['invalid_envelope', 3, 74],
        ['not_json', 4, null],
      ]);
      expect(first[0]?.detail).to.include({ bus: await kafka.identity(), topic });
      expect(JSON.stringify([found, world.log])).not.to.include('Ada');
    });

    it('tells of a record once, however often it is read, and by however many groups', async () => {
      await produce(foreign.map((value) => ({ value, partition: 1 })));
      await noticed(5);
      const before = await notices();
      const other = await subscribe(`${groupId}.other`);
      await rereadAll();
      await rereadAll(`${groupId}.other`, other);
      expect(await notices()).to.deep.equal(before);
    });

    it('tells of a flood in a bounded number of notices, the last with a count', async () => {
      for (let part = 0; part < 4; part += 1)
        await produce(Array.from({ length: 500 }, (_, n) => ({ value: `${part}.${n}?`, partition: 2 })));
      const { id } = await world.create();
      await relayAll();
      await received(1);
      await noticed(NOTICES_PER_MINUTE + 1);
      await rereadAll();
      const found = await notices();
      expect(found).to.have.length(NOTICES_PER_MINUTE + 1);
      const flood = found.at(-1);
      expect(flood).to.include({ reason: 'flood', target: topic });
      expect(flood?.detail).to.include({ partition: 2, first_offset: NOTICES_PER_MINUTE });
      expect(flood?.detail['records']).to.be.above(0);
      world.advance(60_000);
      await produce([{ value: 'a minute later', partition: 2 }]);
      await noticed(NOTICES_PER_MINUTE + 2);
      expect((await notices()).at(-1)).to.include({ reason: 'not_json' });
      expect(id).to.be.above(0);
    });

    it('has the relay bring the notices to the dlq, as valid envelopes', async () => {
      await produce([{ value: 'not json', partition: 0 }]);
      await noticed(1);
      await relayAll();
      const [lying] = await readTopic(dlq);
      const parsed = parseEnvelope(lying?.value ?? null);
      expect(parsed.kind).to.equal('parked');
      expect(lying?.key).to.equal(`record:${topic}/0`);
    });
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
