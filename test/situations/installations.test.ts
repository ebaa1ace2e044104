import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { migrate } from '../../db/server/migrate.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { createTestDatabase } from '../support/database.ts';
import { expectAgreement, type Observed } from '../support/invariants.ts';
import { createWorld } from '../support/sync.ts';
import { createInbound, mappingsIn, type TwoWayWorld } from '../support/two-way.ts';
import { situation } from './situation.ts';

const DAY = 24 * 3_600_000;

/**
 * Two databases, each migrated by itself, so with an id of its own; both receive every event of the
 * account.
 */
describe('two installations on one account', () => {
  const databases: Awaited<ReturnType<typeof createTestDatabase>>[] = [];
  let one: TwoWayWorld;
  let other: TwoWayWorld;
  /** The records that each installation has requested, reads included. */
  const touched = new Map<TwoWayWorld, Set<string>>();

  beforeEach('start both', async () => {
    const [first, second] = [await install(), await install()];
    const world = await createWorld(first.db, {});
    const beside = await createWorld(second.db, { beside: world, policy: { imports: false } });
    one = { ...world, ...createInbound(world) };
    other = { ...beside, ...createInbound(beside) };
    for (const each of [one, other]) {
      touched.set(each, new Set());
      await each.lane.runOnce();
    }
  });
  afterEach('end both', async () => {
    for (const each of [one, other]) await each.lane.drain();
    await one.simulator.close();
    for (const { db, drop } of databases.splice(0)) {
      await db.destroy();
      await drop();
    }
  });

  async function install() {
    const database = await createTestDatabase({ migrated: false });
    databases.push(database);
    await migrate(database.db);
    return database;
  }

  /** All requests made while one of them works belong to it: they work one after the other. */
  async function work(world: TwoWayWorld): Promise<void> {
    const { ledger } = world.simulator;
    const before = ledger.entries().reduce((last, { seq }) => Math.max(last, seq), 0);
    await world.rest();
    for (const { customer, path } of ledger.entries({ source: 'api', after: before })) {
      const id = customer ?? path.split('/')[3];
      if (id?.startsWith('cus_')) touched.get(world)?.add(id);
    }
  }

  async function workBoth(): Promise<void> {
    for (const world of [one, other, one, other]) await work(world);
  }

  /** Stripe as one installation sees it: its own customers, and its own calls. */
  function ownPart(world: TwoWayWorld): Observed {
    const { simulator, db, integration, log } = world;
    const { ledger } = simulator;
    const tagKey = `twinbox_${world.deps.policy.instanceId}`;
    const entries: typeof ledger.entries = (filter) =>
      ledger.entries({ ...filter, keyPrefix: keyPrefix(world.deps) });
    const customers = () => simulator.customers().filter(({ metadata }) => tagKey in metadata);
    return { db, integration, log, simulator: { ...simulator, customers, ledger: { ...ledger, entries } } };
  }

  async function refusals(world: TwoWayWorld): Promise<string[]> {
    const { rows } = await world.db.raw<{ rows: { reason: string }[] }>(
      `select distinct reason from inbound_refusals`,
    );
    return rows.map(({ reason }) => reason);
  }

  situation(
    13,
    'the echo of another installation’s write is refused by name, and no call is made',
    async () => {
      await one.create();
      await work(one);
      await one.update(1, { name: 'Again' });
      await work(one);
      expect(await other.deliver()).to.deep.equal(['other_environment', 'other_environment']);
      await work(other);
      expect(await mappingsIn(other.db)).to.deep.equal([]);
      expect(await refusals(other)).to.deep.equal(['other_environment']);
      expect([...(touched.get(other) ?? [])]).to.deep.equal([]);
    },
  );

  situation(39, 'two databases give out the same ids: neither changes a record of the other', async () => {
    const people = ['Ada', 'Grace', 'Hedy'];
    for (const [world, at] of [
      [one, 'one'],
      [other, 'other'],
    ] as const)
      for (const name of people)
        await world.create({ name: `${name} of ${at}`, email: `${name}@${at}.example` });
    await work(other);
    // One create loses its answer, another fails under its key: after the life of the key both are
    // looked for among all customers.
    one.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    one.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', nth: 2 });
    await one.run();
    one.advance(1.1 * DAY);
    await workBoth();
    const linked = await Promise.all([one, other].map(({ db }) => mappingsIn(db)));
    expect(linked.map((pairs) => pairs.map(({ internalId }) => internalId))).to.deep.equal([
      [1, 2, 3],
      [1, 2, 3],
    ]);

    for (const [index, world] of [one, other].entries()) {
      const [first, second, third] = linked[index]!;
      await world.update(1, { name: `Renamed ${index}` });
      one.simulator.dashboard.updateCustomer(first!.externalId!, { email: `moved@${index}.example` });
      one.simulator.dashboard.updateCustomer(second!.externalId!, { name: `Theirs ${index}` });
      if (index === 0) await world.remove(3);
      else one.simulator.dashboard.deleteCustomer(third!.externalId!);
    }
    await workBoth();

    for (const [index, world] of [one, other].entries()) {
      await expectAgreement(ownPart(world));
      expect(await readCustomer(world.db, 1)).to.include({
        name: `Renamed ${index}`,
        email: `moved@${index}.example`,
      });
      expect(await readCustomer(world.db, 2)).to.include({ name: `Theirs ${index}` });
      expect((await readCustomer(world.db, 3))?.deletedAt).to.not.equal(null);
      expect(await listCustomers(world.db, { limit: 9 })).to.have.length(2);
      expect(await refusals(world)).to.deep.equal(['other_environment']);
      expect([...touched.get(world)!]).to.have.members(linked[index]!.map(({ externalId }) => externalId));
    }
    expect(one.simulator.ledger.effects()).to.deep.include({ created: 6, living: 4, repeated: [] });
  });

  situation(
    39,
    'a record of no installation becomes a row where it is imported, and only there',
    async () => {
      const { id } = one.simulator.dashboard.createCustomer({ name: 'Nobody’s', email: 'new@example.com' });
      await workBoth();
      one.simulator.dashboard.updateCustomer(id, { name: 'One’s by now' });
      await workBoth();
      expect((await listCustomers(one.db, { limit: 9 })).map(({ name }) => name)).to.deep.equal([
        'One’s by now',
      ]);
      expect(await listCustomers(other.db, { limit: 9 })).to.deep.equal([]);
      expect(one.simulator.ledger.entries({ keyPrefix: keyPrefix(other.deps) })).to.deep.equal([]);
      const [left] = await mappingsIn(other.db);
      expect(left).to.include({ internalId: null, state: 'waiting', reason: 'other_environment' });
      await expectAgreement(ownPart(one));
    },
  );
});
