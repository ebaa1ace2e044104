import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

describe('inbound: a delete', () => {
  const world = useTwoWay();

  it('at the system is a delete of our row: a tombstone, published for other systems, not sent back', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
    const row = await readCustomer(world.db, id);
    expect(row?.deletedAt).to.not.equal(null);
    expect(row?.version).to.equal(2);
    expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', 'deleted applied']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'echo', 'applied', 'origin']);
    expect(world.calls()).to.deep.equal(['POST /v1/customers', 'GET /v1/customers/cus']);
    await expectAgreement(world);
  });

  it('there makes no conflict of white space that only we keep', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Tidy' });
    await world.update(id, { name: ' Tidy ' });
    await world.rest();
    world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  });

  it('of ours is received as an echo, and confirms', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.remove(id);
    await world.rest();
    expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', 'deleted echo']);
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      `select 1 from sync_deliveries where event_type = 'customer.deleted' and confirmed_by is not null`,
    );
    expect(rows).to.have.length(1);
  });

  it('there of an alias changes nothing here', async () => {
    const { id } = await linkedPair(world, { email: 'ada@example.com' });
    const alias = world.simulator.dashboard.createCustomer({ name: 'Second', email: 'ada@example.com' });
    await world.rest();
    world.simulator.dashboard.deleteCustomer(alias.id);
    await world.rest();
    expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
    expect(await fateOf(world.db, alias.id)).to.deep.equal(['created conflict', 'deleted applied']);
    await expectAgreement(world);
  });

  it('of a record that never became a row leaves only its tombstone', async () => {
    const theirs = world.simulator.dashboard.createCustomer({ name: 'Short', email: 'short@example.com' });
    world.simulator.dashboard.deleteCustomer(theirs.id);
    await world.rest();
    expect(await mappingsIn(world.db)).to.deep.equal([
      { externalId: theirs.id, internalId: null, role: 'primary', state: 'tombstoned', reason: null },
    ]);
    expect(await fateOf(world.db, theirs.id)).to.deep.equal(['created stale', 'deleted applied']);
    await expectAgreement(world);
  });

  it('waits while pulls are off, and is made when they are on again', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest(world.worker({ policy: { pulls: false } }));
    expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await world.notify(id);
    await world.rest();
    expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
    await expectAgreement(world);
  });
});
