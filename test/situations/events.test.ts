import { onlyCustomers } from '../support/only-target.ts';
import { expect } from 'chai';
import { findUndelivered, type InternalEvent } from '../../db/deliveries.ts';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';
import { expectAgreement } from '../support/invariants.ts';
import { orders } from '../support/orders.ts';
import { conflictsOf, outcomesOf } from '../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

/** Events that come twice, late, in any order, or without values. */
describe('events', () => {
  const world = useTwoWay();

  async function receiveInbound(events: StoredEvent[], options?: { thin?: boolean }): Promise<void> {
    await world.deliver(events, options);
    await world.receiveInbound();
    await world.run();
  }

  situation(7, 'an event comes five times at once: it is stored once, and makes one row', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
    const events = world.undelivered();
    const taken = await Promise.all(Array.from({ length: 5 }, () => world.deliver(events)));
    expect(taken.flat().sort()).to.deep.equal(['known', 'known', 'known', 'known', 'stored']);
    await Promise.all([world.receiveInbound(), world.receiveInbound(), world.receiveInbound()]);
    await world.rest();
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    await expectAgreement(world);
  });

  situation(
    8,
    'two distinct events report one change: it is made once, and each event has its outcome',
    async () => {
      const { id, externalId } = await linkedPair(world);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Changed' });
      const [event] = world.undelivered();
      const twin = { ...event!, id: 'evt_twin00000000000000000000' };
      const calls = world.calls().length;
      await receiveInbound([event!]);
      await receiveInbound([twin]);
      expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Changed', version: 2 });
      expect(await fateOf(world.db, externalId)).to.deep.equal([
        'created echo',
        'updated applied',
        'updated noop',
      ]);
      await expectAgreement(world);
    },
  );

  // The path that merges events is off, so each order ends by a read.
  for (const [seconds, ms] of [
    ['one second', 0],
    ['a second each', 1_000],
  ] as const) {
    for (const [base, ...names] of [
      ['Base', 'One', 'Two', 'Three'],
      ['A', 'B', 'A', 'B'],
      ['Base', 'A', 'B', 'A', 'B'],
    ]) {
      const updates = `${base} → ${names.join(' → ')} in ${seconds}`;
      situation(9, `${updates}: every order of arrival has the same result`, async () => {
        const ends = new Set<string>();
        for (const order of orders([...names.keys()])) {
          const { id, externalId } = await linkedPair(world, { name: base! });
          for (const name of names) {
            world.simulator.dashboard.updateCustomer(externalId, { name });
            world.advance(ms);
          }
          const events = world.undelivered();
          for (const index of [...order, order[0]!]) await receiveInbound([events[index]!]);
          const row = await readCustomer(world.db, id);
          ends.add(`${row?.name} in version ${row?.version}`);
          expect(await conflictsOf(world.db, id)).to.deep.equal([]);
        }
        expect([...ends]).to.deep.equal([`${names.at(-1)} in version 2`]);
        await expectAgreement(world);
      });
    }
  }

  situation(10, 'an update comes before the creation that it follows, and both make one row', async () => {
    const { id: externalId } = world.simulator.dashboard.createCustomer({
      name: 'A',
      email: 'a@example.com',
    });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'B' });
    const [created, updated] = world.undelivered();
    await receiveInbound([updated!]);
    await receiveInbound([created!]);
    await world.rest();
    expect(await fateOf(world.db, externalId)).to.deep.equal([
      'updated applied',
      'created noop',
      'updated echo',
    ]);
    await expectAgreement(world);
  });

  situation(
    12,
    'the echo of our write shows a field that a person changed as well, and it is pulled',
    async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Base' });
      await world.update(id, { name: 'Ours' });
      await world.run();
      const [echo] = world.undelivered();
      world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
      const theirs = world.undelivered().at(-1)!;
      world.lose(theirs);
      // Rendered after the second change, which has no event of its own.
      await receiveInbound([{ ...echo!, data: { ...echo!.data, object: theirs.data.object } }]);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'theirs@example.com' });
      expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', 'updated echo']);
      expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      await expectAgreement(world);
    },
  );

  for (const order of [
    [true, false],
    [false, true],
  ] as const) {
    const which = order[0] ? 'before' : 'after';
    situation(
      29,
      `a thin event comes ${which} the snapshot of its change: one change, and both have an outcome`,
      async () => {
        const { id, externalId } = await linkedPair(world);
        world.simulator.dashboard.updateCustomer(externalId, { name: 'Told twice' });
        const [event] = world.undelivered();
        for (const thin of order) await receiveInbound([event!], { thin });
        expect(await readCustomer(world.db, id)).to.include({ name: 'Told twice', version: 2 });
        expect(await fateOf(world.db, externalId)).to.deep.equal([
          'created echo',
          'updated applied',
          'updated noop',
        ]);
        await expectAgreement(world);
      },
    );
  }

  situation(
    29,
    'thin events alone are enough for a new customer, its edit, our own write and a delete',
    async () => {
      const { id: externalId } = world.simulator.dashboard.createCustomer({ email: 'thin@example.com' });
      await receiveInbound(world.undelivered(), { thin: true });
      const [row] = await listCustomers(world.db, { limit: 9 });
      expect(row).to.include({ name: 'thin', email: 'thin@example.com' });
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Thin' });
      await world.update(row!.id, { email: 'thinner@example.com' });
      await world.run();
      const events = world.undelivered();
      await receiveInbound(events, { thin: true });
      expect(await readCustomer(world.db, row!.id)).to.include({
        name: 'Thin',
        email: 'thinner@example.com',
      });
      expect(world.simulator.customers()[0]).to.include({ name: 'Thin', email: 'thinner@example.com' });
      world.simulator.dashboard.deleteCustomer(externalId);
      await receiveInbound(world.undelivered(), { thin: true });
      expect((await readCustomer(world.db, row!.id))?.deletedAt).to.not.equal(null);
      await expectAgreement(world);
    },
  );

  const everything = { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 10_000 };
  async function receive(events: InternalEvent[]): Promise<number> {
    const target = { system: 'stripe', externalType: 'customer' };
    return receiveOutbound(
      { db: world.db, clock: world.clock, wake: () => undefined },
      onlyCustomers(target),
      events,
    );
  }

  situation(32, 'the relay publishes an event again after all is done: it has no effect', async () => {
    const { id } = await world.create();
    const events = await findUndelivered(world.db, everything);
    await world.run();
    expect(await receive(events)).to.equal(0);
    await world.run();
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied']);
    expect(world.calls()).to.have.length(1);
  });

  situation(
    32,
    'the relay publishes events late and in reverse: the newest values are sent, in one call',
    async () => {
      const { id } = await world.create();
      await world.update(id, { name: 'Second' });
      await world.update(id, { name: 'Third' });
      const events = await findUndelivered(world.db, everything);
      for (const event of events.toReversed()) {
        await receive([event]);
        await world.lane.runOnce();
        await world.lane.drain();
      }
      expect(world.simulator.customers()[0]).to.include({ name: 'Third' });
      expect(world.calls()).to.have.length(1);
      await expectAgreement(world);
    },
  );
});
