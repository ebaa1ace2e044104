// Two installations on one broker: databases, instance ids and Stripe accounts of their own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { readRefusedCounts } from '../../db/health/refused-counts.ts';
import { assertOwnTopics } from '../../lib/bus/own-topics.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { refusedPart } from '../../lib/health/refused.ts';
import type { Relay } from '../../relay/contract.ts';
import { createRelay } from '../../relay/relay.ts';
import { groupsOf, subscribeOutbound } from '../../workers/receiver.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { createWorld, useSync, type SyncWorld } from '../support/sync.ts';
import { WAIT } from './support/chain.ts';
import { openTestBus, readTopic } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const OWN_ID = 'own00000';
const OTHER_ID = 'other000';

describe('two installations on one broker', function () {
  this.timeout(60_000);

  const world = useSync();
  let other: SyncWorld;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let prefix = '';
  const open: { bus: KafkaBus; relay: Relay }[] = [];

  beforeEach('two worlds', async () => {
    await world.db('instance').update({ id: OWN_ID });
    // Each test has topics of its own, and so another bus.
    await world.db('relay_cursor').delete();
    world.deps.policy = { ...world.deps.policy, instanceId: OWN_ID };
    database = await createTestDatabase();
    await database.db('instance').update({ id: OTHER_ID });
    other = await createWorld(database.db, {});
    prefix = `${randomUUID()}.`;
  });
  afterEach('end both', async () => {
    for (const { bus, relay } of open.splice(0)) {
      await relay.stop();
      await bus.close();
    }
    await other.lane.drain();
    await other.simulator.close();
    await database.db.destroy();
    await database.drop();
  });

  async function install({ db, clock }: SyncWorld, named = prefix) {
    const bus = openTestBus({}, { prefix: named });
    await bus.ensureTopics(Object.values(topics), {
      ...{ partitions: 3, replication: null, retentionHours: 1, create: true },
    });
    const relay = createRelay({
      ...{ db, bus, clock, log: quiet, address: 'here' },
      routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
      headers: 'full',
    });
    open.push({ bus, relay });
    return { bus, relay };
  }
  const listen = (bus: KafkaBus, { deps }: SyncWorld) =>
    subscribeOutbound(bus, { deps, wake: () => undefined }, groupsOf('twinbox', deps.policy.instanceId));
  const deliveries = async ({ db }: SyncWorld): Promise<number> =>
    Number((await db('sync_deliveries').count({ n: '*' }))[0]?.['n']);
  const received = (one: SyncWorld, count: number) =>
    waitUntil(async () => (await deliveries(one)) >= count, { ...WAIT, what: `${count} deliveries` });
  const refused = async ({ db, clock }: SyncWorld): Promise<number> =>
    (await readRefusedCounts(db, clock.now())).reduce((sum, { records }) => sum + records, 0);
  async function createMany(one: SyncWorld, count: number, from = 0): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, n) => one.create({ email: `${from + n}@example.com` })),
    );
  }
  async function relayAll(relay: Relay): Promise<void> {
    while ((await relay.runOnce()) > 0);
  }
  const inUse = (one: SyncWorld, bus: KafkaBus, shared = false, warned: unknown[] = []) => ({
    ...{ db: one.db, bus, shared, newest: () => bus.newest(Object.values(topics)) },
    log: { warn: (...line: unknown[]) => void warned.push(line) },
  });
  const refusal = (start: Promise<void>): Promise<unknown> =>
    start.then(
      () => null,
      (error: unknown) => error,
    );

  it('that share topics: each receives its own events, ignores those of the other, and counts them', async () => {
    const [own, theirs] = [await install(world), await install(other)];
    await listen(own.bus, world);
    const COUNT = 100;
    await createMany(world, COUNT);
    const alone = await seconds(async () => {
      await relayAll(own.relay);
      await received(world, COUNT);
    });
    await listen(theirs.bus, other);
    await createMany(other, COUNT * 4);
    await relayAll(theirs.relay);
    await createMany(world, COUNT, COUNT);
    const beside = await seconds(async () => {
      await relayAll(own.relay);
      await received(world, 2 * COUNT);
    });
    await received(other, COUNT * 4);
    await waitUntil(async () => (await refused(other)) >= 2 * COUNT && (await refused(world)) >= 4 * COUNT, {
      ...WAIT,
      what: 'all that is the other’s refused',
    });
    console.log(
      `      ${COUNT} events of ours: ${alone} s alone, ${beside} s behind ${4 * COUNT} of the other’s in the same topics`,
    );
    expect([await deliveries(world), await deliveries(other)]).to.deep.equal([2 * COUNT, 4 * COUNT]);
    for (const [one, id] of [
      [world, OTHER_ID],
      [other, OWN_ID],
    ] as const) {
      const { rows } = await one.db.raw<{ rows: { n: number }[] }>(
        `select count(*)::integer as n from external_mappings m
         where not exists (select from customers c where c.id = m.internal_id)`,
      );
      expect(rows).to.deep.equal([{ n: 0 }]);
      const part = await refusedPart(one.db, one.clock)();
      expect(part.warnings).to.have.length(1);
      expect(part.warnings?.[0]).to.match(
        new RegExp(`were refused: they belong to another installation \\(${id}\\)\\. .*KAFKA_TOPIC_PREFIX`),
      );
    }
    // Bounded, however many records: one for a minute and a partition.
    const notices = await world.db('sync_events').where({ event_type: 'delivery.parked' });
    expect(notices.length).to.be.within(1, 6);
  });

  it('are named in each record, by a header and in the value', async () => {
    const { relay } = await install(world);
    await world.create();
    await relayAll(relay);
    const [lying] = await readTopic(`${prefix}${topics.outbound}`);
    expect(JSON.parse(lying?.value ?? '')).to.include({ installation: OWN_ID });
    expect(lying?.installation).to.equal(OWN_ID);
  });

  it('are distinguished at the start: the second one is refused unless sharing is allowed', async () => {
    const own = await install(world);
    await assertOwnTopics(inUse(world, own.bus));
    await world.create();
    await relayAll(own.relay);
    const theirs = await install(other);
    const error = await refusal(assertOwnTopics(inUse(other, theirs.bus)));
    expect(error).to.include({ code: 'kafka_refused', retryable: false });
    expect(String(error))
      .to.include(`${prefix}sync.outbound holds events of another installation (${OWN_ID}, the newest of`)
      .and.include(`this one is ${OTHER_ID}`)
      .and.include('KAFKA_TOPIC_PREFIX')
      .and.include('KAFKA_SHARE_TOPICS=yes');
    const warned: unknown[] = [];
    await assertOwnTopics(inUse(other, theirs.bus, true, warned));
    expect(warned).to.have.length(1);
  });

  it('that have used their topics before go on after a second one has come', async () => {
    const [own, theirs] = [await install(world), await install(other)];
    await world.create();
    await relayAll(own.relay);
    for (let n = 0; n < 80; n += 1) await other.create();
    await relayAll(theirs.relay);
    await assertOwnTopics(inUse(world, own.bus));
  });

  it('have topics, groups and a bus of their own with a prefix', async () => {
    const own = await install(world);
    await world.create();
    await relayAll(own.relay);
    const theirs = await install(other, `${prefix}b.`);
    await assertOwnTopics(inUse(other, theirs.bus));
    await listen(theirs.bus, other);
    expect(theirs.bus.subscriptions()).to.deep.include({
      ...{ topic: `${prefix}b.sync.outbound`, group: `${prefix}b.twinbox.${OTHER_ID}.stripe` },
      partitions: theirs.bus.subscriptions()[0]?.partitions,
    });
    await other.create();
    await relayAll(theirs.relay);
    await received(other, 1);
    expect(await refused(other)).to.equal(0);
    expect(await theirs.bus.identity()).to.equal(
      `${(await own.bus.identity()).replace(/\/.*/, '')}/${prefix}b.`,
    );
    // The same cluster with another prefix is another bus: one has records that the other lacks.
    const moved = await install(world, `${prefix}c.`);
    expect(await refusal(moved.relay.start())).to.include({ code: 'other_bus' });
  });
});

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round((performance.now() - began) / 10) / 100;
}
