import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { newMessage } from '../lib/bus/contract.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { WAIT } from './support/chain.ts';
import { removeMembers } from './support/members.ts';
import { startProxy, type Proxy } from './support/proxy.ts';
import { doors, makeTopic, openTestBus } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

describe('a member of a group of Kafka that has to join it again', function () {
  this.timeout(90_000);

  let proxy: Proxy;
  /** Its connections break when the proxy says so. */
  let broken: KafkaBus;
  let sound: KafkaBus;
  let topic: string;
  let group: string;
  beforeEach(async () => {
    proxy = await startProxy(doors().proxied, doors().direct);
    broken = openTestBus({ brokers: [`127.0.0.1:${doors().proxied}`] });
    sound = openTestBus();
    topic = await makeTopic(sound);
    group = `g.${randomUUID()}`;
  });
  afterEach(async () => {
    await Promise.all([broken.close(), sound.close()]);
    await proxy.close();
  });

  const subscribe = (bus: KafkaBus) => bus.subscribe({ topic, group, handler: () => Promise.resolve() });
  const partitionsOf = (bus: KafkaBus) => bus.subscriptions()[0]?.partitions?.length ?? 0;

  const committed = async () =>
    (await sound.progress(topic, group))?.every(({ next, high }) => high > 0 && next === high) === true;

  /** Publishes into each partition, and waits until the group has committed all of it. */
  async function readsAll(): Promise<void> {
    await sound.publish(Array.from({ length: 30 }, (_, n) => newMessage(topic, { key: `customer:${n}` })));
    await waitUntil(committed, { ...WAIT, what: 'the group at the end of each partition' });
  }

  const breaks = (kind: 'join' | 'sync') => {
    proxy.swallow(1, 'cut', kind);
    return async () => {
      await waitUntil(() => proxy.swallowed() === 1, {
        ...WAIT,
        what: `the connection to break at a ${kind}`,
      });
    };
  };

  it('tries until it is a member, and commits again, if it was forgotten and its join fails', async () => {
    await subscribe(broken);
    await readsAll();
    const broke = breaks('join');
    await removeMembers(group);
    await broke();
    await readsAll();
    await waitUntil(() => broken.health().problem === null, { ...WAIT, what: 'readiness' });
  });

  it('gets the partitions of a member that left, if the answer that names them is lost', async () => {
    await subscribe(broken);
    const leave = await subscribe(sound);
    const shared = () => [broken, sound].every((bus) => [1, 2].includes(partitionsOf(bus)));
    await waitUntil(shared, { ...WAIT, what: 'both to have partitions' });
    const broke = breaks('sync');
    await leave();
    await broke();
    await readsAll();
  });

  it('does not put back what another member has committed since it was forgotten', async () => {
    let joins = 0;
    const log = { ...quiet, info: (event: string) => void (joins += event === 'kafka.joined' ? 1 : 0) };
    const slow = openTestBus({}, { log });
    const begun = createSignal();
    const done = createSignal();
    try {
      const leaveSlow = await slow.subscribe({
        topic,
        group,
        handler: async () => {
          begun.fire();
          await done.promise;
        },
      });
      await sound.publish([newMessage(topic)]);
      await begun.promise;
      await removeMembers(group);
      const leave = await subscribe(sound);
      await readsAll();
      await leave();
      done.fire();
      await waitUntil(() => joins > 1, { ...WAIT, what: 'the forgotten member to join again' });
      // This commits what waits for it.
      await leaveSlow();
      expect(await committed()).to.equal(true);
    } finally {
      done.fire();
      await slow.close();
    }
  });
});
