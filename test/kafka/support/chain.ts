// The way to Kafka and back: an event's row, the relay, a topic of the test's own, a worker's
// receive, the delivery.
import { targetsOf } from '../../../lib/sync/kinds.ts';
import { randomUUID } from 'node:crypto';
import type { Admin } from 'kafkajs';
import type { Bus } from '../../../lib/bus/bus.ts';
import { createClient, type KafkaSettings } from '../../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../../lib/bus/kafka/kafka.ts';
import { createRouting, topics } from '../../../lib/events/routing.ts';
import { keyPrefix } from '../../../lib/sync/intent-key.ts';
import { closeReceiveGap } from '../../../lib/intake/receive-gap.ts';
import type { Relay, RelayDeps } from '../../../relay/contract.ts';
import { createRelay } from '../../../relay/relay.ts';
import { outboundGroup, subscribeOutbound, type Unsubscribe } from '../../../workers/receiver.ts';
import { waitUntil } from '../../support/signal.ts';
import type { SyncWorld } from '../../support/sync.ts';
import { makeTopic, openTestBus, sharedBroker } from './shared-broker.ts';
import { quiet } from './test-broker.ts';

export const WAIT = { timeoutMs: 30_000 };

export type Chain = {
  kafka: KafkaBus;
  /** Sends messages for `sync.outbound` and `sync.dlq` to the test's own topics. */
  bus: Bus;
  topic: string;
  dlq: string;
  relay: Relay;
  /** The beginning of the group's name; the group is subscribed when the test begins. */
  groupId: string;
  /** Another relay of the same database. */
  openRelay(bus: Bus): Relay;
  subscribe(base?: string): Promise<Unsubscribe>;
  /** Ends the last subscription. */
  unsubscribe(): Promise<void>;
  /** Runs until nothing is left, and the floor has passed all events. */
  relayAll(): Promise<void>;
  /** As the relay's loop does: runs again while it fails. */
  relayUntilTaken(): Promise<void>;
  received(count: number): Promise<unknown>;
  count(table: string, where?: string): Promise<number>;
  /** Lets a group that is at the end read everything again, by a change of its offsets. */
  reread(change: (admin: Admin, group: string) => Promise<unknown>, base?: string): Promise<void>;
  closeGap(): Promise<number>;
};

export async function withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The same bus with topic names that no other test has. */
function renamed(bus: Bus, names: Record<string, string>): Bus {
  const name = (topic: string): string => names[topic] ?? topic;
  return {
    ...bus,
    async publish(messages) {
      const places = await bus.publish(
        messages.map((message) => ({ ...message, topic: name(message.topic) })),
      );
      return places.map((place, index) => ({ ...place, topic: messages[index]?.topic ?? place.topic }));
    },
    subscribe: (subscription) => bus.subscribe({ ...subscription, topic: name(subscription.topic) }),
    progress: async (topic, group) =>
      (await bus.progress(name(topic), group))?.map((one) => ({ ...one, topic })) ?? null,
  };
}

/** What a relay does from time to time follows these. */
type Times = Pick<RelayDeps, 'monotonic' | 'leaseMs'>;

/** One chain for each test of the describe block. */
export function useChain(world: SyncWorld, settings: Partial<KafkaSettings> = {}, times: Times = {}): Chain {
  let chain: Chain | undefined;
  beforeEach('open the way through Kafka', async () => {
    chain = await openChain(world, settings, times);
  });
  afterEach('close the way through Kafka', async () => {
    await chain?.relay.stop();
    await chain?.kafka.close();
  });
  return new Proxy({} as Chain, {
    get: (_, name): unknown => {
      if (!chain) throw new Error('useChain: only inside hooks and tests');
      return Reflect.get(chain, name);
    },
  });
}

async function openChain(world: SyncWorld, settings: Partial<KafkaSettings>, times: Times): Promise<Chain> {
  const kafka = openTestBus(settings);
  const topic = await makeTopic(kafka);
  const dlq = await makeTopic(kafka, { partitions: 1 });
  const bus = renamed(kafka, { [topics.outbound]: topic, [topics.dlq]: dlq });
  const groupId = `g.${randomUUID()}`;
  const openRelay = (on: Bus): Relay =>
    createRelay({
      ...{ db: world.db, bus: on, clock: world.clock, log: quiet, address: 'here' },
      routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
      headers: 'full',
      ...times,
    });
  const relay = openRelay(bus);
  let end: Unsubscribe = () => Promise.resolve();
  const subscribe = async (base = groupId): Promise<Unsubscribe> =>
    (end = await subscribeOutbound(bus, { deps: world.deps, wake: () => undefined }, base));
  await subscribe();

  async function count(table: string, where = 'true'): Promise<number> {
    const { rows } = await world.db.raw<{ rows: { n: number }[] }>(
      `select count(*)::integer as n from ${table} where ${where}`,
    );
    return rows[0]?.n ?? 0;
  }

  /** This chain has no inbound topic. */
  const outboundOnly: Bus['progress'] = (name, group) =>
    name === topics.outbound ? bus.progress(name, group) : Promise.resolve(null);

  async function relayAll(): Promise<void> {
    // An empty round closes a window; the floor follows two of them later.
    for (let empty = 0; empty < 3; empty += (await relay.runOnce()) > 0 ? 0 : 1);
  }

  return {
    ...{ kafka, bus, topic, dlq, relay, groupId, openRelay, subscribe, count, relayAll },
    unsubscribe: () => end(),
    relayUntilTaken: () =>
      waitUntil(
        () =>
          relayAll().then(
            () => true,
            () => false,
          ),
        { ...WAIT, what: 'the relay to be rid of everything' },
      ).then(() => undefined),
    received: (wanted) =>
      waitUntil(async () => (await count('sync_deliveries')) >= wanted, {
        ...WAIT,
        what: `${wanted} deliveries`,
      }),
    async reread(change, base = groupId) {
      const group = outboundGroup(base, 'stripe');
      await withAdmin(async (admin) => {
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
        await change(admin, group);
        await subscribe(base);
        await waitUntil(caughtUp, { ...WAIT, what: 'the group at the end again' });
      });
    },
    async closeGap() {
      const { system } = world.integration;
      const { db, clock } = world;
      const gap = await closeReceiveGap(
        { db, clock, wake: () => undefined, bus: { progress: outboundOnly } },
        {
          system,
          targets: targetsOf(world.deps),
          keyPrefix: keyPrefix(world.deps),
          groups: { outbound: outboundGroup(groupId, 'stripe'), inbound: '' },
        },
      );
      return gap.found;
    },
  };
}
