import { expect } from 'chai';
import { readConnection } from '../../../db/connections.ts';
import { readCustomer } from '../../support/customers.ts';
import { createDeleteOperations, type DeleteOperations } from '../../../lib/operations/held-deletes.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';

const decider = { actor: 'test', why: 'a script deleted the wrong table' };

/** The no to deletes that the fuse holds. */
describe('deletes that the fuse holds', () => {
  const world = useTwoWay();

  const operations = (): DeleteOperations =>
    createDeleteOperations({
      entity: customerEntity,
      db: world.db,
      clock: world.clock,
      log: world.deps.log,
      system: 'stripe',
    });

  type Pair = { id: number; externalId: string };

  async function pairs(): Promise<Pair[]> {
    const made: Pair[] = [];
    for (let n = 0; n < 23; n++) made.push(await linkedPair(world, { name: `Name ${n}` }));
    return made;
  }

  async function held(): Promise<{ mapping: number; customer: number }[]> {
    const { rows } = await world.db.raw<{ rows: { mapping: number; customer: number }[] }>(
      `select id as mapping, internal_id as customer from external_mappings where state = 'waiting' and reason = 'fuse' order by id`,
    );
    return rows;
  }

  async function deletedHere(): Promise<void> {
    for (const { id } of await pairs()) await world.remove(id);
    await world.rest();
    expect(await held()).to.have.length(3);
  }

  async function deletedThere(): Promise<void> {
    for (const { externalId } of await pairs()) world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
    expect(await held()).to.have.length(3);
  }

  const living = (): string[] => world.simulator.customers().map(({ id }) => id);

  it('here are taken back: new customers with the same values, linked with the records that live', async () => {
    await deletedHere();
    const before = living();
    const taken: { old: number; now: number }[] = [];
    for (const { mapping, customer } of await held()) {
      const result = await operations().takeBack(mapping, decider);
      if (result.outcome !== 'taken_back') throw new Error(result.outcome);
      taken.push({ old: customer, now: result.customer });
      expect(await operations().takeBack(mapping, decider)).to.deep.equal({ outcome: 'not_held' });
    }
    await world.rest();
    expect(living()).to.deep.equal(before);
    for (const { old, now } of taken) {
      const [gone, back] = [await readCustomer(world.db, old), await readCustomer(world.db, now)];
      expect(back).to.include({ name: gone?.name, email: gone?.email, deletedAt: null });
      expect(back?.mappings[0]).to.include({ state: 'linked' });
      expect((await conflictsOf(world.db, now)).map(({ kind, winner }) => [kind, winner])).to.deep.equal([
        ['deleted_here', 'theirs'],
      ]);
    }
    expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.equal(null);
    await world.update(taken[0]?.now ?? 0, { name: 'Edited after it' });
    await world.rest();
    expect(world.simulator.customers().map(({ name }) => name)).to.include('Edited after it');
    await expectAgreement(world);
  });

  it('at Stripe are taken back: our rows keep their numbers and get new records, also after a crash', async () => {
    await deletedThere();
    const ours = await held();
    for (const { mapping } of ours) {
      const { outcome } = await operations().takeBack(mapping, decider);
      expect(outcome).to.equal('taken_back');
    }
    enableFailpoint('decision.replaced', 'throw', { once: true });
    await world.rest();
    expect(living()).to.have.length(3);
    for (const { customer } of ours) {
      const row = await readCustomer(world.db, customer);
      expect(row).to.include({ deletedAt: null });
      expect(living()).to.include(row?.mappings.at(-1)?.externalId);
      expect((await conflictsOf(world.db, customer)).map(({ kind, winner }) => [kind, winner])).to.deep.equal(
        [['deleted_there', 'ours']],
      );
    }
    expect((await readConnection(world.db, 'stripe'))?.deletesInHeldAt).to.equal(null);
    await expectAgreement(world);
  });

  it('are detached on either side: each keeps what it has', async () => {
    await deletedHere();
    const before = living();
    for (const { mapping } of await held()) await operations().detach(mapping, decider);
    await world.rest();
    expect(living()).to.deep.equal(before);
    expect(await held()).to.deep.equal([]);
    expect((await mappingsIn(world.db)).filter(({ state }) => state === 'detached')).to.have.length(3);
  });

  it('are not taken back where the email is another customer’s by now: they stay held, and can be detached', async () => {
    await deletedHere();
    const [{ mapping, customer } = { mapping: 0, customer: 0 }] = await held();
    const gone = await readCustomer(world.db, customer);
    await world.create({ email: gone?.email ?? '' });
    await world.rest();
    expect(await operations().takeBack(mapping, decider)).to.deep.equal({ outcome: 'email_taken' });
    expect((await held()).map((each) => each.mapping)).to.include(mapping);
    expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.be.instanceOf(Date);
    expect(await operations().detach(mapping, decider)).to.deep.equal({ outcome: 'detached' });
  });

  it('are not taken back where the table refuses the row: they stay held, and the rule is named', async () => {
    await deletedHere();
    const [{ mapping } = { mapping: 0 }] = await held();
    await world.db.raw(
      `alter table customers add constraint nobody_new check (deleted_at is not null or version > 1) not valid`,
    );
    const result = await operations().takeBack(mapping, decider);
    expect(result).to.have.nested.property('refusal.rule', 'nobody_new');
    expect((await held()).map((each) => each.mapping)).to.include(mapping);
    await world.db.raw(`alter table customers drop constraint nobody_new`);
    expect(await operations().takeBack(mapping, decider)).to.include({ outcome: 'taken_back' });
  });

  it('are released one by one; what is not released stays held, and with the last one the fuse is free', async () => {
    await deletedHere();
    const [{ mapping } = { mapping: 0 }] = await held();
    expect(await operations().release([mapping], decider)).to.equal(1);
    await world.rest();
    expect(await held()).to.have.length(2);
    expect(living()).to.have.length(2);
    expect(await operations().takeBack(mapping, decider)).to.deep.equal({ outcome: 'not_held' });
    expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.be.instanceOf(Date);
    const others = (await held()).map((each) => each.mapping);
    expect(await operations().release(others, decider)).to.equal(2);
    await world.rest();
    expect(living()).to.deep.equal([]);
    expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.equal(null);
  });
});
