import { expect } from 'chai';
import { readCustomer } from '../support/customers.ts';
import { expectAgreement } from '../support/invariants.ts';
import { pauseAt } from '../support/signal.ts';
import { conflictsOf, mappingOf, parkedNotices } from '../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

describe('deletes', () => {
  const world = useTwoWay();

  situation(
    11,
    'an update comes after the delete: it restores nothing, and each late event is stale',
    async () => {
      const { id, externalId } = await linkedPair(world);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Late' });
      world.simulator.dashboard.deleteCustomer(externalId);
      const [updated, deleted] = world.undelivered();
      await world.deliver([deleted!]);
      await world.receiveInbound();
      await world.run();
      await world.deliver([updated!]);
      await world.receiveInbound();
      await world.run();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
      expect(await fateOf(world.db, externalId)).to.deep.equal([
        'created echo',
        'deleted applied',
        'updated stale',
      ]);
      await expectAgreement(world);
    },
  );

  situation(
    18,
    'a row is deleted while its record has an active subscription: the pair is parked, and nothing is deleted',
    async () => {
      const { id, externalId } = await linkedPair(world);
      const { url } = world.simulator;
      await fetch(`${url}/v1/subscriptions`, {
        method: 'POST',
        headers: {
          authorization: 'Bearer sk_test_other',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: `customer=${externalId}&items[0][price]=price_1`,
      });
      world.simulator.ledger.reset();
      await world.remove(id);
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'delete_blocked' });
      expect(world.calls()).to.deep.equal(['GET /v1/customers/cus']);
      expect(await parkedNotices(world.db)).to.deep.equal(['delete_blocked']);
      expect(world.simulator.customers()).to.have.length(1);
    },
  );

  situation(
    19,
    'the record is deleted while the row is edited: the delete wins, and a conflict keeps our value',
    async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Before' });
      world.simulator.dashboard.deleteCustomer(externalId);
      await world.update(id, { name: 'Edited' });
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      expect(await conflictsOf(world.db, id)).to.deep.equal([
        {
          kind: 'deleted_there',
          field: 'name',
          base: 'Before',
          ours: 'Edited',
          theirs: null,
          winner: 'theirs',
          note: null,
        },
      ]);
      await expectAgreement(world);
    },
  );

  situation(
    19,
    'the row is deleted while the record is edited: the delete wins, and a conflict keeps their value',
    async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Before' });
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Edited there' });
      await world.remove(id);
      await world.rest();
      expect(world.simulator.customers()).to.deep.equal([]);
      expect(await conflictsOf(world.db, id)).to.deep.equal([
        {
          kind: 'deleted_here',
          field: 'name',
          base: 'Before',
          ours: null,
          theirs: 'Edited there',
          winner: 'ours',
          note: null,
        },
      ]);
      await expectAgreement(world);
    },
  );

  situation(19, 'both sides delete at once: one delete', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.remove(id);
    world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect(world.calls()).to.not.include('DELETE /v1/customers/cus');
    await expectAgreement(world);
  });

  situation(19, 'we delete while their delete is being written to our table: one delete', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.deleteCustomer(externalId);
    await world.deliver();
    await world.receiveInbound();
    const held = pauseAt('reconcile.read');
    const working = world.lane.runOnce();
    await held.reached;
    await world.remove(id);
    held.resume();
    await working;
    await world.lane.drain();
    await world.rest();
    expect((await readCustomer(world.db, id))?.version).to.equal(2);
    await expectAgreement(world);
  });
});
