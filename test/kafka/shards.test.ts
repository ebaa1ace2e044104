// Two processes share four shards on a real Kafka: each entity in its order, in its own partition.
import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { systemClock } from '../../lib/clock.ts';
import { createRouting } from '../../lib/events/routing.ts';
import { createRelays, type Relays } from '../../relay/shards.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { writeEvent } from '../relay/world.ts';
import { makeTopic, openTestBus, readTopic } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const KEYS = 20;
const VERSIONS = 10;
const WAIT = { timeoutMs: 60_000 };

describe('two processes with four shards', function () {
  this.timeout(180_000);
  const database = useDatabase();
  const cleanups: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** A process has connections to the database and to Kafka of its own. */
  function startProcess(topic: string): Relays {
    const db: Db = createDb({ url: database.url, poolSize: 10, applicationName: 'shards' });
    const kafka = openTestBus();
    const bus: Bus = {
      ...kafka,
      publish: (messages) => kafka.publish(messages.map((message) => ({ ...message, topic }))),
    };
    const relays = createRelays({
      ...{ db, bus, clock: systemClock, log: { ...quiet, info: () => undefined }, address: 'here' },
      routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
      ...{ headers: 'full', firstShards: 4, leaseMs: 1_500, idleMs: 20 },
    });
    cleanups.push(async () => {
      await relays.stop();
      await kafka.close();
      await db.destroy();
    });
    void relays.start();
    return relays;
  }

  it('have two each, publish each entity in its order, and the other goes on when one stops', async () => {
    const making = openTestBus();
    cleanups.push(() => making.close());
    const topic = await makeTopic(making);
    const [one, two] = [startProcess(topic), startProcess(topic)];
    await waitUntil(() => one.active().length === 2 && two.active().length === 2, {
      ...WAIT,
      what: 'two each',
    });
    const ids: number[] = [];
    const write = async (version: number): Promise<void> => {
      const written = Array.from({ length: KEYS }, (_, key) =>
        writeEvent(database.db, { key: `customer:${key}`, version }),
      );
      ids.push(...(await Promise.all(written)));
    };
    for (let version = 1; version <= VERSIONS; version += 1) await write(version);
    await one.stop();
    for (let version = VERSIONS + 1; version <= 2 * VERSIONS; version += 1) await write(version);
    const distinct = async () => new Set((await readTopic(topic)).map(({ eventId }) => eventId)).size;
    await waitUntil(async () => (await distinct()) === ids.length, { ...WAIT, what: 'all events' });
    const versions = Map.groupBy(await readTopic(topic), ({ key }) => String(key));
    expect(versions.size).to.equal(KEYS);
    for (const [key, records] of versions)
      expect([...new Set(records.map(({ value }) => versionOf(String(value))))], key).to.deep.equal(
        Array.from({ length: 2 * VERSIONS }, (_, n) => n + 1),
      );
    expect(two.active()).to.have.length(4);
  });
});

function versionOf(value: string): number {
  return Number(/"version":(\d+)/.exec(value)?.[1]);
}
