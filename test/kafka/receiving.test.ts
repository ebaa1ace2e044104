import { expect } from 'chai';
import { createClient } from '../../lib/bus/kafka/client.ts';
import { topics } from '../../lib/events/routing.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { useChain, WAIT, withAdmin } from './support/chain.ts';
import { makeTopic, openTestBus, readTopic, sharedBroker } from './support/shared-broker.ts';
import { quiet, startTestBroker } from './support/test-broker.ts';

describe('from the relay through Kafka to a worker', function () {
  this.timeout(60_000);

  const world = useSync();
  const chain = useChain(world);

  const dirt = async () => {
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      'select internal_id, dirty, clean from external_mappings order by internal_id',
    );
    return rows;
  };
  const threeChanges = async () => {
    const { id } = await world.create();
    await world.update(id, { name: 'Second' });
    await world.create();
    await chain.relayAll();
  };

  it('brings each committed change to its delivery', async () => {
    await threeChanges();
    await chain.received(3);
  });

  it('reads a whole topic again without any effect when the group’s offsets are lost', async () => {
    await threeChanges();
    await chain.received(3);
    const before = await dirt();
    await chain.reread((admin, group) => admin.deleteGroups([group]));
    expect(await chain.count('sync_deliveries')).to.equal(3);
    expect(await dirt()).to.deep.equal(before);
    await world.run();
    await chain.reread((admin, group) => admin.deleteGroups([group]));
    expect(world.calls().filter((call) => call === 'POST /v1/customers')).to.have.length(2);
    expect(await chain.count('sync_deliveries', "status = 'queued'")).to.equal(0);
  });

  it('reads it again without any effect when the offsets were set to zero', async () => {
    await threeChanges();
    await chain.received(3);
    const before = await dirt();
    const partitions = [0, 1, 2].map((partition) => ({ partition, offset: '0' }));
    await chain.reread((admin, groupId) => admin.setOffsets({ groupId, topic: chain.topic, partitions }));
    expect(await chain.count('sync_deliveries')).to.equal(3);
    expect(await dirt()).to.deep.equal(before);
  });

  it('reads an envelope by its value when its headers are missing', async () => {
    await chain.unsubscribe();
    await threeChanges();
    const lying = await readTopic(chain.topic);
    const partitions = [0, 1, 2].map((partition) => ({ partition, offset: '-1' }));
    await withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(chain.topic);
      await admin.deleteTopicRecords({ topic: chain.topic, partitions });
    });
    const producer = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).producer();
    await producer.connect();
    const messages = lying.map(({ key, value, partition }) => ({ key, value, partition }));
    await producer.send({ topic: chain.topic, messages });
    await producer.disconnect();
    await chain.subscribe();
    await chain.received(3);
    expect(await chain.count('sync_deliveries', 'sync_event_id > 0')).to.equal(3);
  });

  it('counts nothing as lost that still waits in Kafka for a worker', async () => {
    await threeChanges();
    await chain.received(3);
    await chain.unsubscribe();
    await world.create();
    await chain.relayAll();
    expect(await chain.closeGap()).to.equal(0);
    expect(await chain.count('sync_deliveries')).to.equal(3);
    await chain.subscribe();
    await chain.received(4);
    expect(await chain.closeGap()).to.equal(0);
  });

  it('finds in Postgres what Kafka no longer had when a worker came back', async () => {
    await threeChanges();
    await chain.received(3);
    await chain.unsubscribe();
    const { id } = await world.create();
    await world.update(id, { name: 'Written while no worker ran' });
    await chain.relayAll();
    const partitions = [0, 1, 2].map((partition) => ({ partition, offset: '-1' }));
    await withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(chain.topic);
      await admin.deleteTopicRecords({ topic: chain.topic, partitions });
    });
    await chain.subscribe();
    const { id: later } = await world.create();
    await chain.relayAll();
    await chain.received(4);
    expect(
      await chain.count(
        'sync_deliveries',
        `version = 1 and mapping_id in (
      select id from external_mappings where internal_id = ${later})`,
      ),
    ).to.equal(1);
    // The walk goes as far as the group has committed, which follows what was received, and no
    // further than the relay's floor, which its next round may raise.
    let found = 0;
    const lookOnce = async (): Promise<number> => {
      await chain.relayAll();
      return await chain.closeGap();
    };
    await waitUntil(async () => (found += await lookOnce()) >= 2, {
      timeoutMs: 30_000,
      what: 'the group has committed what it received, and the gap is closed',
    });
    expect(found).to.equal(2);
    expect(await chain.count('sync_deliveries')).to.equal(6);
    expect(await chain.closeGap()).to.equal(0);
  });

  it('ends in agreement while partitions are added, although keys move', async () => {
    const customers = [];
    for (let n = 0; n < 12; n += 1) customers.push(await world.create());
    await chain.relayAll();
    // No worker reads meanwhile: older versions wait in the old partitions, newer ones in the new.
    await chain.unsubscribe();
    for (const { id } of customers) await world.update(id, { name: 'Second' });
    await chain.relayAll();
    await withAdmin((admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: chain.topic, count: 7 }] }),
    );
    await usesAll(7);
    for (const { id } of customers) await world.update(id, { name: `Third of ${id}` });
    await chain.relayUntilTaken();
    await chain.subscribe();
    await chain.received(await chain.count('sync_events', "event_type like 'customer.%'"));
    await world.run();
    const names = world.simulator.customers().map(({ name }) => name);
    expect(names).to.include.members(customers.map(({ id }) => `Third of ${id}`));

    async function usesAll(count: number): Promise<void> {
      await waitUntil(
        async () => {
          await world.create();
          await chain.relayUntilTaken();
          const { rows } = await world.db.raw<{ rows: unknown[] }>(
            'select distinct partition from relay_batches where topic = :topic',
            { topic: topics.outbound },
          );
          return rows.length === count;
        },
        { timeoutMs: 20_000, what: `all ${count} partitions in use` },
      );
    }
  });

  it('stops at a Kafka that the cursor was not bound to, and says how to switch', async () => {
    await world.create();
    await chain.relayAll();
    await chain.relay.stop();
    const other = await startTestBroker();
    const warned: unknown[] = [];
    const log = { ...quiet, warn: (...line: unknown[]) => void warned.push(line) };
    const elsewhere = openTestBus({ brokers: [other.bootstrap] }, { log, times: { metadataMs: 500 } });
    const relay = chain.openRelay(elsewhere);
    try {
      const [bound, present] = [await chain.kafka.identity(), await elsewhere.identity()];
      expect(present).not.to.equal(bound);
      const error: unknown = await relay.start().catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'other_bus', retryable: false });
      expect(String(error)).to.include(bound).and.include(present).and.include('--adopt-bus');
      // This is the first group of a new cluster, so it is no reason for a warning.
      await makeTopic(elsewhere).then((topic) =>
        elsewhere.subscribe({ topic, group: 'first', handler: () => Promise.resolve() }),
      );
      await waitUntil(() => elsewhere.subscriptions()[0]?.partitions?.length === 3, {
        ...WAIT,
        what: 'the first member of the first group',
      });
      expect(warned).to.deep.equal([]);
    } finally {
      await relay.stop();
      await elsewhere.close();
      await other.remove();
    }
  });
});
