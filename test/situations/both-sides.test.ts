import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { enableFailpoint } from '../../lib/failpoint.ts';
import { expectAgreement } from '../support/invariants.ts';
import { closedIntents, conflictsOf, mappingOf } from '../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

/** Both sides edit one customer, without seeing each other's edit. */
describe('edits on both sides', () => {
  const world = useTwoWay();

  situation(14, 'both sides edit one field: the rule decides, and both values are kept, once', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    const theirs = world.undelivered();
    await world.update(id, { name: 'Ours' });
    await world.receive();
    await world.deliver(theirs);
    await world.receiveInbound();
    await world.run();
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
    const both = { base: 'Base', ours: 'Ours', theirs: 'Theirs', winner: 'ours', note: null };
    expect(await conflictsOf(world.db, id)).to.deep.equal([{ kind: 'both_moved', field: 'name', ...both }]);
    await expectAgreement(world);
  });

  situation(14, 'both sides edit different fields: both edits survive, and no value is lost', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
    await world.update(id, { name: 'Ours' });
    await world.deliver();
    await world.receiveInbound();
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'theirs@example.com' });
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours', email: 'theirs@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  situation(
    15,
    'A becomes B and A again within the life of a key: each value is sent with a key of its own',
    async () => {
      const { id } = await world.create({ name: 'A' });
      for (const name of ['B', 'A']) {
        await world.run();
        await world.update(id, { name });
      }
      await world.run();
      expect(world.simulator.customers()[0]).to.include({ name: 'A' });
      expect(new Set((await closedIntents(world.db)).map(({ key }) => key)).size).to.equal(3);
      await expectAgreement(world);
    },
  );

  for (const [what, values, name] of [
    ['its individual name', { individual_name: 'Ind', business_name: 'Biz' }, 'Ind'],
    ['its business name', { business_name: 'Biz' }, 'Biz'],
    ['the first part of its email', {}, 'ada'],
  ] as const) {
    situation(16, `a record without a name takes ${what}, and that is never sent back`, async () => {
      const { id } = world.simulator.dashboard.createCustomer({ ...values, email: 'ada@example.com' });
      await world.rest();
      const [row] = await listCustomers(world.db, { limit: 9 });
      expect(row).to.include({ name });
      await world.update(row!.id, { email: 'ada2@example.com' });
      await world.rest();
      expect(world.simulator.customers()[0]).to.include({ name: null, email: 'ada2@example.com' });
      world.simulator.dashboard.updateCustomer(id, { name: 'Given' });
      await world.rest();
      expect(await readCustomer(world.db, row!.id)).to.include({ name: 'Given' });
      expect(await conflictsOf(world.db, row!.id)).to.deep.equal([]);
      await expectAgreement(world);
    });
  }

  situation(16, 'a record without an email waits, and becomes a row when it has one', async () => {
    const { id } = world.simulator.dashboard.createCustomer({ name: 'Nobody yet' });
    await world.rest();
    expect((await mappingsIn(world.db))[0]).to.include({ state: 'waiting', reason: 'lacks_field' });
    world.simulator.dashboard.updateCustomer(id, { phone: '1' });
    await world.rest();
    expect(await fateOf(world.db, id)).to.deep.equal(['created waiting', 'updated waiting']);
    world.simulator.dashboard.updateCustomer(id, { email: 'now@example.com' });
    await world.rest();
    expect((await mappingsIn(world.db))[0]).to.include({ state: 'linked', reason: null });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    await expectAgreement(world);
  });

  situation(28, 'a system that trims the values it gets causes neither a loop nor a conflict', async () => {
    world.simulator.rules.set({ trimsText: true });
    const { id } = await linkedPair(world, { name: '  Ada  ' });
    await world.update(id, { name: ' Grace  ' });
    await world.rest();
    const calls = world.calls().length;
    await world.notify(id);
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect(await readCustomer(world.db, id)).to.include({ name: ' Grace  ', version: 2 });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  situation(28, 'a loop that was not prevented is parked', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Round and round' });
    await world.receive();
    await world.db.raw(`update sync_deliveries set hop = 6 where status = 'queued'`);
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'loop' });
  });

  situation(28, 'a loop does not keep back the delete of its row', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.update(id, { name: 'Round and round' });
    await world.receive();
    await world.db.raw(`update sync_deliveries set hop = 6 where status = 'queued'`);
    await world.remove(id);
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned', reason: null });
    expect(world.simulator.customers().map((customer) => customer.id)).to.not.include(externalId);
  });

  situation(34, 'an edit over the API comes between load and write, and neither edit is lost', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    enableFailpoint(
      'reconcile.read',
      async () => {
        await world.update(id, { email: 'new@example.com' });
      },
      {
        once: true,
      },
    );
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs', email: 'new@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  situation(35, 'the answer to our write shows a field that a person edited, and it is pulled', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ email: 'theirs@example.com' });
  });

  situation(36, 'an edit is overwritten unseen, and the echo shows it', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Unseen' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    await world.rest();
    const [conflict] = await conflictsOf(world.db, id);
    expect(conflict).to.include({ kind: 'overwritten_unseen', theirs: 'Unseen', winner: 'ours' });
    await expectAgreement(world);
  });

  situation(41, 'a conflict that both a read and an echo show is one row', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await world.deliver();
    await world.receiveInbound();
    await world.rest();
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['both_moved']);
    await expectAgreement(world);
  });

  situation(
    42,
    'an unseen edit of theirs is overwritten, then our row is edited again: our last value stays, both are recorded',
    async () => {
      const { id, externalId } = await linkedPair(world);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Unseen' });
      await world.update(id, { name: 'Ours' });
      await world.run();
      await world.update(id, { name: 'Later' });
      await world.rest();
      expect(world.simulator.customers()[0]).to.include({ name: 'Later' });
      expect((await conflictsOf(world.db, id)).map(({ theirs }) => theirs)).to.deep.equal(['Unseen']);
      await expectAgreement(world);
    },
  );
});
