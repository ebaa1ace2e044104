import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Handler, Message, Received } from '../../lib/bus/bus.ts';
import { createClient } from '../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import { newMessage, publishUntilTaken } from '../lib/bus/contract.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { makeTopic, openTestBus, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const LONG_MS = 20_000;

function messagesFor(topic: string, count: number, keys = 20): Message[] {
  return Array.from({ length: count }, (_, n) => newMessage(topic, { key: `customer:${n % keys}` }));
}

/** A handler that keeps what it gets. */
function keeper() {
  const kept: Received[] = [];
  const handler: Handler = (batch) => Promise.resolve(void kept.push(...batch));
  return { kept, handler };
}

const idsOf = (list: readonly { eventId: string | null }[]) => new Set(list.map(({ eventId }) => eventId));

async function untilAll(messages: readonly Message[], ...lists: (readonly Received[])[]): Promise<void> {
  await waitUntil(
    () => {
      const seen = idsOf(lists.flat());
      return messages.every(({ eventId }) => seen.has(eventId));
    },
    { timeoutMs: LONG_MS, what: `all of ${messages.length} messages` },
  );
}

/** The ids of each key in the order in which they first came. */
function orders(list: readonly { key: string | null; eventId: string | null }[]): Record<string, string> {
  const groups = Map.groupBy(list, ({ key }) => key ?? '');
  return Object.fromEntries([...groups].map(([key, members]) => [key, [...idsOf(members)].join()]));
}

describe('consuming from Kafka', function () {
  this.timeout(60_000);

  const open: KafkaBus[] = [];
  const openBus = (...args: Parameters<typeof openTestBus>): KafkaBus => {
    const bus = openTestBus(...args);
    open.push(bus);
    return bus;
  };
  let bus: KafkaBus;
  let topic: string;
  let group: string;
  beforeEach(async () => {
    bus = openBus();
    topic = await makeTopic(bus);
    group = `g.${randomUUID()}`;
  });
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  it('begins a new group at the beginning', async () => {
    const messages = messagesFor(topic, 30);
    await bus.publish(messages);
    const { kept, handler } = keeper();
    await bus.subscribe({ topic, group, handler });
    await untilAll(messages, kept);
  });

  it('continues where the group was, and reads nothing twice after an orderly stop', async () => {
    const first = messagesFor(topic, 30);
    await bus.publish(first);
    const before = keeper();
    const stop = await bus.subscribe({ topic, group, handler: before.handler });
    await untilAll(first, before.kept);
    await stop();
    const second = messagesFor(topic, 10);
    await bus.publish(second);
    const after = keeper();
    await bus.subscribe({ topic, group, handler: after.handler });
    await untilAll(second, after.kept);
    expect(idsOf(after.kept)).to.deep.equal(idsOf(second));
  });

  it('pauses only the partition whose handler fails, and the others continue', async () => {
    const stuck = partitionOf('customer:stuck', 3);
    const other = messagesFor(topic, 60).filter(({ key }) => partitionOf(key, 3) !== stuck);
    const { kept, handler } = keeper();
    let tries = 0;
    await bus.subscribe({
      topic,
      group,
      handler: async (batch) => {
        if (batch[0]?.partition === stuck && (tries += 1) < 4) throw new Error('not now');
        await handler(batch);
      },
    });
    const blocked = newMessage(topic, { key: 'customer:stuck' });
    await bus.publish([blocked]);
    await waitUntil(() => tries > 0, { timeoutMs: LONG_MS, what: 'the first failure' });
    await bus.publish(other);
    await untilAll(other, kept);
    await untilAll([blocked], kept);
    expect(tries).to.equal(4);
  });

  it('keeps its partitions through a handler that takes longer than the session', async () => {
    const slow = openBus({}, { times: { sessionTimeoutMs: 1_000, heartbeatMs: 200, fetchWaitMs: 100 } });
    const begun = createSignal();
    const done = createSignal();
    const { kept, handler } = keeper();
    let calls = 0;
    await slow.subscribe({
      topic,
      group,
      handler: async (batch) => {
        calls += 1;
        begun.fire();
        await done.promise;
        await handler(batch);
      },
    });
    const message = newMessage(topic);
    await bus.publish([message]);
    await begun.promise;
    const second = await secondMember();
    // Until two session lengths have passed, no other member may get it.
    const started = performance.now();
    await waitUntil(() => performance.now() - started > 2_200, { timeoutMs: 5_000, what: 'two sessions' });
    expect(second.kept).to.deep.equal([]);
    done.fire();
    await untilAll([message], kept);
    expect([calls, second.kept.length]).to.deep.equal([1, 0]);

    /** A check only: the group is rebalanced once the first member sends its heartbeat. */
    async function secondMember() {
      const member = keeper();
      void openBus().subscribe({ topic, group, handler: member.handler });
      return Promise.resolve(member);
    }
  });

  it('shares the partitions of a group among its members without loss or disorder, as members join and leave', async () => {
    const messages: Message[] = [];
    const stop = { asked: false };
    const writing = (async () => {
      while (!stop.asked) {
        const page = messagesFor(topic, 20);
        messages.push(...page);
        await publishUntilTaken(bus, page);
      }
    })();
    // One list for all members: the order of all events.
    const { kept, handler } = keeper();
    const partitionsOf = (one: KafkaBus) => one.subscriptions()[0]?.partitions?.length ?? 0;
    const [one, two] = [openBus(), openBus()];
    await one.subscribe({ topic, group, handler });
    await two.subscribe({ topic, group, handler });
    const shared = () =>
      partitionsOf(one) > 0 && partitionsOf(two) > 0 && partitionsOf(one) + partitionsOf(two) === 3;
    await waitUntil(shared, { timeoutMs: LONG_MS, what: 'both members have partitions' });
    const seen = kept.length;
    await waitUntil(() => kept.length > seen + 100, { timeoutMs: LONG_MS, what: 'both at work' });
    await one.close();
    await waitUntil(() => partitionsOf(two) === 3, { timeoutMs: LONG_MS, what: 'the second has all' });
    stop.asked = true;
    await writing;
    await untilAll(messages, kept);
    expect(orders(kept)).to.deep.equal(orders(messages));
  });

  it('continues by itself after the broker was killed, with nothing lost', async () => {
    const { kept, handler } = keeper();
    await bus.subscribe({ topic, group, handler });
    const first = messagesFor(topic, 50);
    await bus.publish(first);
    await untilAll(first, kept);
    await sharedBroker().kill();
    await sharedBroker().start();
    const second = messagesFor(topic, 50);
    await publishUntilTaken(bus, second);
    await untilAll(second, kept);
  });

  it('passes on records that are not ours unchanged, and continues', async () => {
    const kafka = createClient({ brokers: [sharedBroker().bootstrap] }, quiet);
    const producer = kafka.producer({ createPartitioner: () => () => 0 });
    await producer.connect();
    await producer.send({
      topic,
      messages: [
        { key: null, value: null },
        { key: Buffer.from([0xff, 0xfe]), value: Buffer.from([0xff, 0x00]) },
        { value: 'text', headers: { ce_id: ['one', 'two'], ce_sequence: '-5', empty: '' } },
        { value: '{}', headers: { ce_sequence: '99999999999999999999', ce_id: Buffer.from('x') } },
      ],
    });
    await producer.disconnect();
    const { kept, handler } = keeper();
    await bus.subscribe({ topic, group, handler });
    await waitUntil(() => kept.length === 4, { timeoutMs: LONG_MS, what: 'four records' });
    expect(
      kept.map(({ key, value, eventId, syncEventId }) => ({ key, value, eventId, syncEventId })),
    ).to.deep.equal([
      { key: null, value: null, eventId: null, syncEventId: null },
      { key: '\ufffd\ufffd', value: '\ufffd\u0000', eventId: null, syncEventId: null },
      { key: null, value: 'text', eventId: 'one', syncEventId: null },
      { key: null, value: '{}', eventId: 'x', syncEventId: null },
    ]);
  });

  it('begins at the oldest record that is left when the group’s offset is gone', async () => {
    const { kept, handler } = keeper();
    const stop = await bus.subscribe({ topic, group, handler });
    const first = messagesFor(topic, 5, 1);
    await bus.publish(first);
    await untilAll(first, kept);
    await stop();
    const lost = messagesFor(topic, 5, 1);
    const [place] = await bus.publish(lost);
    const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
    await admin.connect();
    const { partition = 0, offset = 0 } = place ?? {};
    // kafkajs finds the leader only in a topic that it has requested before.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset + 5) }] });
    await admin.disconnect();
    const left = messagesFor(topic, 5, 1);
    await bus.publish(left);
    await bus.subscribe({ topic, group, handler });
    await untilAll(left, kept);
    expect(kept).to.have.length(10);
  });

  it('says that a topic does not exist', async () => {
    const missing = `${topic}.missing`;
    const error: unknown = await bus
      .subscribe({ topic: missing, group, handler: keeper().handler })
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'kafka_refused', retryable: false });
    expect(String(error)).to.include('UNKNOWN_TOPIC_OR_PARTITION').and.include('KAFKA_CREATE_TOPICS');
  });

  it('reports a consumer that can never read again, so that the process ends', async () => {
    const foreign = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).consumer({
      groupId: group,
      maxWaitTimeInMs: 100,
      // A group whose members use another assignment rule accepts no member that does not know it.
      partitionAssigners: [
        () => ({
          name: 'another',
          version: 1,
          protocol: () => ({ name: 'another', metadata: Buffer.alloc(0) }),
          assign: () => Promise.resolve([]),
        }),
      ],
    });
    try {
      await foreign.connect();
      await foreign.subscribe({ topic });
      await foreign.run({ eachMessage: () => Promise.resolve() });
      await bus.subscribe({ topic, group, handler: keeper().handler });
      const failed = await bus.failed;
      expect(failed.message).to.include(group).and.include(topic);
    } finally {
      await foreign.disconnect();
    }
  });

  it('reports a consumer that is alive, has messages waiting, and does nothing', async () => {
    const watched = openBus({}, { stallMs: 600 });
    const hang = createSignal();
    await watched.subscribe({ topic, group, handler: () => hang.promise });
    await bus.publish([newMessage(topic)]);
    const failed = await watched.failed;
    expect(failed.message).to.include(group).and.include('waiting (1)').and.include('has done nothing');
    hang.fire();
  });

  it('does not report a consumer that has nothing to do', async () => {
    const watched = openBus({}, { stallMs: 100 });
    const { kept, handler } = keeper();
    await watched.subscribe({ topic, group, handler });
    const message = newMessage(topic);
    await bus.publish([message]);
    await untilAll([message], kept);
    const began = performance.now();
    const idle = waitUntil(() => performance.now() - began > 700, { timeoutMs: 5_000, what: 'idle' });
    expect(await Promise.race([watched.failed, idle])).to.equal(true);
  });
});
