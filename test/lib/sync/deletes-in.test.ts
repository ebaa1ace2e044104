import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { countReasons } from '../../../db/health/reports.ts';
import { raiseHeldDeletes } from '../../../db/mappings/writes/decisions.ts';
import { judgeAttention } from '../../../lib/operations/doctor.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { createDeleteOperations } from '../../../lib/operations/held-deletes.ts';
import { useBeside } from '../../support/beside.ts';

const BY = { actor: 'test', why: null };

describe('a deletion at one of several systems', () => {
  const world = useBeside({ policy: { deletesIn: 'ask' } });

  const isDeleted = async (id: number): Promise<boolean> =>
    ((await readCustomer(world.db, id))?.deletedAt ?? null) !== null;
  const standing = async (id: number, system = 'toy'): Promise<(string | null)[]> => {
    const [mapping] = (await world.mappings(id, system)).slice(-1);
    return [mapping?.state ?? null, mapping?.reason ?? null];
  };
  const operations = () =>
    createDeleteOperations({
      entity: customerEntity,
      db: world.db,
      clock: world.stripe.clock,
      system: 'toy',
      log: world.deps.log,
    });

  describe('that asks (DELETES_IN=ask)', () => {
    it('leaves the row and its other records as they are, and waits for a person', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      expect(await isDeleted(id)).to.equal(false);
      expect(await standing(id)).to.deep.equal(['waiting', 'ask_delete']);
      expect(await standing(id, 'stripe')).to.deep.equal(['linked', null]);
    });

    it('still sends edits of the row to the others meanwhile', async () => {
      const { id, toyId, stripeId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      await world.stripe.update(id, { name: 'Ada King' });
      await world.run();
      const found = await world.stripe.integration.fetch(stripeId);
      expect(found.state === 'present' && found.record.fields['name']).to.equal('Ada King');
      expect(await standing(id)).to.deep.equal(['waiting', 'ask_delete']);
    });

    it('says what waits, why, and which commands decide', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      const explained = await explain(world.deps, { customer: id }, { read: false, system: 'toy' });
      const [pair] = explained?.pairs ?? [];
      expect(pair?.why).to.equal(
        'The record was deleted at Toy; our row and its records at other systems stay until a person decides (TOY_DELETES_IN=ask).',
      );
      expect(pair?.remedies.slice(0, 3).map(({ command }) => command)).to.deep.equal([
        `npx twinbox deletes toy --customer ${id} --release`,
        `npx twinbox deletes toy --customer ${id} --take-back`,
        `npx twinbox deletes toy --customer ${id} --detach`,
      ]);
      expect(judgeAttention(await countReasons(world.db))).to.include({
        says: '1 waiting (ask_delete)',
        fix: 'npx twinbox deletes toy shows more.',
      });
    });

    it('is not released by the command that releases what the fuse holds', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      await raiseHeldDeletes(world.db, 'toy', world.stripe.clock.now(), { reasons: ['fuse'] });
      await world.run();
      expect([await isDeleted(id), ...(await standing(id))]).to.deep.equal([false, 'waiting', 'ask_delete']);
    });

    it('is accepted: the row goes, and its other records with it', async () => {
      const { id, toyId, stripeId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      expect(await operations().release(null, BY)).to.equal(1);
      await world.run();
      expect(await isDeleted(id)).to.equal(true);
      expect((await world.stripe.integration.fetch(stripeId)).state).to.equal('erased');
    });

    it('is taken back: the row gets a new record there', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      const [mapping] = await world.mappings(id);
      expect(await operations().takeBack(mapping?.id ?? 0, BY)).to.deep.equal({
        outcome: 'taken_back',
        customer: id,
      });
      await world.run();
      expect(world.toy.people().map(({ full_name: name }) => name)).to.deep.equal(['Ada']);
      expect(await standing(id)).to.deep.equal(['linked', null]);
    });

    it('is detached by a person: the row stays without a record there', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      const [mapping] = await world.mappings(id);
      expect(await operations().detach(mapping?.id ?? 0, BY)).to.deep.equal({ outcome: 'detached' });
      await world.run();
      expect([await isDeleted(id), world.toy.people().length]).to.deep.equal([false, 0]);
    });
  });

  describe('that detaches (DELETES_IN=detach)', () => {
    beforeEach(() => world.change({ deletesIn: 'detach' }));

    it('ends the pair and leaves the row', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      await world.stripe.update(id, { name: 'Ada King' });
      await world.run();
      expect(await isDeleted(id)).to.equal(false);
      expect(await standing(id)).to.deep.equal(['detached', null]);
      expect(await standing(id, 'stripe')).to.deep.equal(['linked', null]);
      expect(world.toy.people()).to.deep.equal([]);
    });
  });

  describe('that deletes (DELETES_IN=delete)', () => {
    beforeEach(() => world.change({ deletesIn: 'delete' }));

    it('deletes the row and its other records', async () => {
      const { id, toyId } = await world.linked('Ada');
      world.toy.remove(toyId);
      await world.run();
      expect([await isDeleted(id), (await standing(id, 'stripe'))[0]]).to.deep.equal([true, 'tombstoned']);
    });

    it('counts for the fuse together with those at the others', async () => {
      const pairs = [];
      for (let n = 0; n < 24; n += 1) pairs.push(await world.linked(`Cus${n}`));
      for (const { toyId } of pairs.slice(0, 12)) world.toy.remove(toyId);
      await world.run();
      for (const { stripeId } of pairs.slice(12)) world.stripe.simulator.dashboard.deleteCustomer(stripeId);
      await world.run();
      const gone = await Promise.all(pairs.map(({ id }) => isDeleted(id)));
      expect(gone.filter(Boolean)).to.have.length(20);
    }).timeout(120_000);
  });
});
