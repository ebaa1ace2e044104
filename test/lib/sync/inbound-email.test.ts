import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../support/customers.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { createLinkOperations } from '../../../lib/operations/links.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, unlinkedRow, useTwoWay } from '../../support/two-way.ts';

describe('inbound: a new record with the email of a row that has no counterpart', () => {
  const world = useTwoWay();

  it('needs no second consent if it is parked before the first one is carried out', async () => {
    const id = await unlinkedRow(world, 'ada@example.com');
    const theirs = world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select id from external_mappings where external_id = '${theirs.id}'`,
    );
    await createLinkOperations(world).consent(rows[0]!.id, 'operator');
    const notThere = { status: 404, code: 'resource_missing', stored: false };
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', ...notThere });
    await world.rest();
    expect((await mappingsIn(world.db))[1]).to.include({ state: 'parked', reason: 'missing' });
    await raiseMappings(world.db, { ids: [rows[0]!.id], now: world.clock.now(), mustRead: true });
    await world.rest();
    expect((await mappingsIn(world.db)).at(-1)).to.include({
      externalId: theirs.id,
      internalId: id,
      state: 'linked',
    });
    await expectAgreement(world);
  });

  it('keeps asking when more events of it are received', async () => {
    await unlinkedRow(world, 'ada@example.com');
    const theirs = world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest();
    world.simulator.dashboard.updateCustomer(theirs.id, { name: 'Renamed' });
    await world.rest();
    expect(await fateOf(world.db, theirs.id)).to.deep.equal(['created waiting', 'updated waiting']);
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
  });

  it('becomes a row of its own once its email is another', async () => {
    await unlinkedRow(world, 'ada@example.com');
    const theirs = world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest();
    world.simulator.dashboard.updateCustomer(theirs.id, { email: 'other@example.com' });
    await world.rest();
    expect(await fateOf(world.db, theirs.id)).to.deep.equal([
      'created applied',
      'updated applied',
      'updated echo',
    ]);
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(2);
  });

  it('is linked unasked where the setting says so', async () => {
    const id = await unlinkedRow(world, 'ada@example.com');
    const theirs = world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest(world.worker({ policy: { linkByEmail: 'link' } }));
    expect(await mappingOf(world.db, id)).to.include({ externalId: theirs.id, state: 'linked' });
    await expectAgreement(world);
  });

  it('costs one read and one write to link where both sides say the same', async () => {
    await unlinkedRow(world, 'ada@example.com');
    world.simulator.dashboard.createCustomer({ name: 'Ours', email: 'ada@example.com' });
    await world.deliver();
    await world.receiveInbound();
    const before = world.calls().length;
    await world.run(world.worker({ policy: { linkByEmail: 'link' } }));
    expect(world.calls().slice(before)).to.deep.equal([
      'GET /v1/customers/cus',
      'GET /v1/customers/cus',
      'POST /v1/customers/cus',
    ]);
  });

  it('is never linked where the setting says so', async () => {
    await unlinkedRow(world, 'ada@example.com');
    world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest(world.worker({ policy: { linkByEmail: 'never' } }));
    expect((await mappingsIn(world.db))[1]).to.include({ state: 'waiting', reason: 'duplicate_email' });
  });
});

describe('inbound: a new record with the email of a linked row', () => {
  const world = useTwoWay();

  it('becomes a row if the linked record has another email by now, whichever event is received first', async () => {
    const pair = await linkedPair(world, { email: 'shared@example.com' });
    world.simulator.dashboard.updateCustomer(pair.externalId, { email: 'moved@example.com' });
    const [moved] = world.undelivered();
    const second = world.simulator.dashboard.createCustomer({ name: 'Second', email: 'shared@example.com' });
    await world.deliver(world.undelivered().filter(({ id }) => id !== moved!.id));
    await world.receiveInbound();
    await world.run();
    await world.rest();
    expect((await mappingsIn(world.db))[1]).to.include({
      externalId: second.id,
      role: 'primary',
      state: 'linked',
    });
    expect(await readCustomer(world.db, pair.id)).to.include({ email: 'moved@example.com' });
    await expectAgreement(world);
  });
});

describe('inbound: an email that becomes equal to the email of another row', () => {
  const world = useTwoWay();

  async function two(): Promise<{ id: number; externalId: string }[]> {
    return [
      await linkedPair(world, { name: 'A', email: 'a@example.com' }),
      await linkedPair(world, { name: 'B', email: 'b@example.com' }),
    ];
  }

  it('is pulled once the other has moved on there, which is asked once', async () => {
    const [a, b] = await two();
    world.simulator.dashboard.updateCustomer(b!.externalId, { email: 'c@example.com' });
    const [notReceived] = world.undelivered();
    world.simulator.dashboard.updateCustomer(a!.externalId, { email: 'b@example.com', name: 'A2' });
    await world.deliver(world.undelivered().filter(({ id }) => id !== notReceived!.id));
    await world.receiveInbound();
    await world.run();
    world.advance(10_000);
    await world.run();
    expect(await readCustomer(world.db, a!.id)).to.include({ email: 'b@example.com', name: 'A2' });
    expect(await readCustomer(world.db, b!.id)).to.include({ email: 'c@example.com' });
    await world.rest();
    expect(await conflictsOf(world.db, a!.id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('is held with a conflict if the other keeps it, and the rest is pulled', async () => {
    const [a] = await two();
    world.simulator.dashboard.updateCustomer(a!.externalId, { email: 'b@example.com', name: 'A2' });
    await world.rest();
    expect(await readCustomer(world.db, a!.id)).to.include({ email: 'a@example.com', name: 'A2' });
    const [conflict, ...more] = await conflictsOf(world.db, a!.id);
    expect(conflict).to.include({
      kind: 'duplicate_email',
      ours: 'a@example.com',
      theirs: 'b@example.com',
      winner: 'neither',
    });
    expect(more).to.deep.equal([]);
    const calls = world.calls().length;
    await world.notify(a!.id);
    await world.rest();
    expect(world.calls()).to.have.length(calls + 1);
    expect(await conflictsOf(world.db, a!.id)).to.have.length(1);
    await expectAgreement(world);
  });

  it('is let go by the next edit there', async () => {
    const [a] = await two();
    world.simulator.dashboard.updateCustomer(a!.externalId, { email: 'b@example.com' });
    await world.rest();
    world.simulator.dashboard.updateCustomer(a!.externalId, { email: 'free@example.com' });
    await world.rest();
    expect(await readCustomer(world.db, a!.id)).to.include({ email: 'free@example.com' });
    await expectAgreement(world);
  });

  for (const order of ['first', 'last'] as const) {
    it(`is taken over along a chain of four that moved at once, whoever is looked at ${order}`, async () => {
      const pairs = [];
      for (const letter of ['a', 'b', 'c', 'd'])
        pairs.push(await linkedPair(world, { email: `${letter}@example.com` }));
      const moved = ['b@example.com', 'c@example.com', 'd@example.com', 'free@example.com'];
      for (const [index, { externalId }] of pairs.entries())
        world.simulator.dashboard.updateCustomer(externalId, { email: moved[index] });
      const events = world.undelivered();
      for (const event of order === 'first' ? events : events.toReversed()) {
        await world.deliver([event]);
        await world.receiveInbound();
      }
      await world.rest();
      for (const [index, { id }] of pairs.entries()) {
        expect(await readCustomer(world.db, id)).to.include({ email: moved[index] });
        expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      }
      await expectAgreement(world);
    });
  }

  it('is held on both sides of an exchange, with a conflict for each, and comes to rest', async () => {
    const [a, b] = await two();
    world.simulator.dashboard.updateCustomer(a!.externalId, { email: 'b@example.com' });
    world.simulator.dashboard.updateCustomer(b!.externalId, { email: 'a@example.com' });
    await world.rest();
    for (const { id } of [a!, b!])
      expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['duplicate_email']);
    await expectAgreement(world);
  });

  it('is held at once if the other has no counterpart to ask', async () => {
    const a = await linkedPair(world, { email: 'a@example.com' });
    world.simulator.faults.add({
      kind: 'error_before_effect',
      method: 'POST',
      path: '/v1/customers',
      status: 400,
    });
    await world.create({ email: 'b@example.com' });
    await world.run();
    world.simulator.dashboard.updateCustomer(a.externalId, { email: 'b@example.com' });
    await world.deliver();
    await world.receiveInbound();
    await world.run();
    expect((await conflictsOf(world.db, a.id)).map(({ kind }) => kind)).to.deep.equal(['duplicate_email']);
  });
});
