import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../support/customers.ts';
import { askForRead } from '../../../db/inbound.ts';
import type { StoredEvent } from '../../../simulator/objects/objects.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

describe('inbound: an owner tag', () => {
  const world = useTwoWay();
  const tagKey = (): string => `twinbox_${world.deps.policy.instanceId}`;
  const markOf = async (id: number): Promise<Record<string, string>> => ({
    [tagKey()]: (await readCustomer(world.db, id))?.createdEventId ?? '',
  });

  it('that was copied by hand to another record makes that one an alias, and the pair stays what it was', async () => {
    const pair = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    const copy = world.simulator.dashboard.createCustomer({
      name: 'Mallory',
      email: 'mallory@example.com',
      metadata: await markOf(pair.id),
    });
    await world.rest();
    expect(await mappingsIn(world.db)).to.deep.equal([
      { externalId: pair.externalId, internalId: pair.id, role: 'primary', state: 'linked', reason: null },
      { externalId: copy.id, internalId: pair.id, role: 'alias', state: 'alias', reason: null },
    ]);
    expect(await readCustomer(world.db, pair.id)).to.include({ name: 'Ada', email: 'ada@example.com' });
    expect((await conflictsOf(world.db, pair.id)).map(({ kind, theirs }) => [kind, theirs])).to.deep.equal([
      ['external_duplicate', copy.id],
    ]);
    expect(await fateOf(world.db, copy.id)).to.deep.equal(['created conflict']);
    await expectAgreement(world);
  });

  it('of a customer that was deleted before it had a counterpart brings nothing back', async () => {
    const { id } = await world.create({ name: 'Gone', email: 'gone@example.com' });
    await world.remove(id);
    await world.rest();
    const metadata = await markOf(id);
    const copy = world.simulator.dashboard.createCustomer({
      name: 'Mallory',
      email: 'm@example.com',
      metadata,
    });
    world.lose(world.undelivered()[0] as StoredEvent); // the one of its making
    const { system, document } = world.integration;
    const about = {
      system,
      entityType: 'customer',
      externalType: document.externalType,
      externalId: copy.id,
      now: world.clock.now(),
    };
    await askForRead(world.db, about);
    await world.rest();
    expect((await mappingsIn(world.db)).map(({ state, role }) => [state, role])).to.deep.equal([
      ['tombstoned', 'primary'],
      ['alias', 'alias'],
    ]);
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Mallory']);
    await expectAgreement(world);
  });

  it('that was copied to a record of another row is put right, and nothing changes its pair', async () => {
    const [ada, eve] = [await linkedPair(world, { name: 'Ada' }), await linkedPair(world, { name: 'Eve' })];
    world.simulator.dashboard.updateCustomer(eve.externalId, { name: 'Eva', metadata: await markOf(ada.id) });
    await world.rest();
    const eva = world.simulator.customers().find(({ id }) => id === eve.externalId);
    expect(eva?.metadata).to.deep.equal(await markOf(eve.id));
    expect(await readCustomer(world.db, eve.id)).to.include({ name: 'Eva' });
    expect(await readCustomer(world.db, ada.id)).to.include({ name: 'Ada' });
    await expectAgreement(world);
  });

  it('that names no row of ours makes the record wait, listed as a lost row', async () => {
    const lost = world.simulator.dashboard.createCustomer({
      email: 'lost@example.com',
      metadata: { [tagKey()]: '01890000-0000-7000-8000-000000000000' },
    });
    await world.rest();
    expect(await mappingsIn(world.db)).to.deep.equal([
      { externalId: lost.id, internalId: null, role: 'primary', state: 'waiting', reason: 'lost_row' },
    ]);
    const { rows } = await world.db.raw<{ rows: { detail: unknown }[] }>(
      `select reason_detail as detail from external_mappings where external_id = :id`,
      { id: lost.id },
    );
    expect(rows, 'as the API shows it').to.deep.equal([
      { detail: { mark: '01890000-0000-7000-8000-000000000000' } },
    ]);
    expect(await listCustomers(world.db, { limit: 9 })).to.deep.equal([]);
  });

  it('that a person wrote by hand, and that is not an event id, makes the record wait too', async () => {
    const odd = world.simulator.dashboard.createCustomer({
      email: 'odd@example.com',
      metadata: { [tagKey()]: "no uuid'; --" },
    });
    await world.rest();
    expect(await mappingsIn(world.db)).to.deep.equal([
      { externalId: odd.id, internalId: null, role: 'primary', state: 'waiting', reason: 'lost_row' },
    ]);
  });

  it('of another installation makes the record none of ours', async () => {
    world.simulator.dashboard.createCustomer({
      email: 'x@example.com',
      metadata: { twinbox_other123: 'theirs' },
    });
    const [event] = world.undelivered();
    expect(await world.deliver([event!])).to.deep.equal(['other_environment']);
    expect(await world.deliver([event!], { thin: true })).to.deep.equal(['stored']);
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.nested.property('[0].reason', 'other_environment');
    expect(await listCustomers(world.db, { limit: 9 })).to.deep.equal([]);
    expect(world.calls().filter((call) => call.startsWith('POST'))).to.deep.equal([]);
  });

  it('of a row that was let go makes a copy an alias, and is not asked about for ever', async () => {
    const letting = world.worker({ policy: { deletes: 'detach' } });
    const pair = await linkedPair(world);
    const metadata = await markOf(pair.id);
    await world.remove(pair.id);
    await world.rest(letting);
    const copy = world.simulator.dashboard.createCustomer({ email: 'copy@example.com', metadata });
    await world.rest(letting);
    expect((await mappingsIn(world.db)).map(({ externalId, state }) => [externalId, state])).to.deep.equal([
      [pair.externalId, 'detached'],
      [copy.id, 'alias'],
    ]);
  });

  it('of a row whose create was lost in a restore links the pair, by whichever of two events is the row’s', async () => {
    const made = await world.create({ name: 'Ada', email: 'ada@example.com' });
    const metadata = await markOf(made.id);
    const copy = world.simulator.dashboard.createCustomer({
      name: 'Copy',
      email: 'copy@example.com',
      metadata,
    });
    const right = world.simulator.dashboard.createCustomer({
      name: 'Ada',
      email: 'ada@example.com',
      metadata,
    });
    const [first, second] = world.undelivered();
    world.simulator.dashboard.updateCustomer(copy.id, { metadata: { [tagKey()]: '' } });
    await world.receive();
    await world.deliver([first!, second!]);
    await world.rest();
    const primary = (await mappingsIn(world.db)).find(({ internalId }) => internalId === made.id);
    expect(primary).to.include({ externalId: right.id, state: 'linked' });
    expect(world.simulator.customers()).to.have.length(2);
    const rows = await listCustomers(world.db, { limit: 9 });
    expect(rows.map(({ name }) => name)).to.deep.equal(['Ada', 'Copy']);
    await expectAgreement(world);
  });

  it('on two records of one row links one, and the other becomes an alias', async () => {
    const made = await world.create({ name: 'Ada', email: 'ada@example.com' });
    const metadata = await markOf(made.id);
    const one = world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com', metadata });
    const two = world.simulator.dashboard.createCustomer({ name: 'Two', email: 'two@example.com', metadata });
    await world.receive();
    await world.rest();
    expect((await mappingsIn(world.db)).map(({ externalId, role }) => [externalId, role])).to.deep.equal([
      [one.id, 'primary'],
      [two.id, 'alias'],
    ]);
    expect(world.simulator.customers()).to.have.length(2);
    expect((await conflictsOf(world.db, made.id)).map(({ kind }) => kind)).to.deep.equal([
      'external_duplicate',
    ]);
    await expectAgreement(world);
  });
});

describe('inbound: a webhook before the answer of our create', () => {
  const world = useTwoWay();

  for (const thin of [false, true]) {
    for (const point of ['intent.answered', 'settle.before']) {
      it(`(${thin ? 'thin' : 'full'}, while the create stands at ${point}) makes no second row and no second customer`, async () => {
        const made = await world.create();
        await world.receive();
        const held = pauseAt(point);
        const working = world.lane.runOnce();
        await held.reached;
        await world.deliver(world.undelivered(), { thin });
        await world.receiveInbound();
        const other = world.worker();
        await other.runOnce();
        await other.drain();
        held.resume();
        await working;
        await world.lane.drain();
        await world.rest();
        expect(await mappingsIn(world.db)).to.have.length(1);
        expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
        expect(world.simulator.customers()).to.have.length(1);
        expect((await readCustomer(world.db, made.id))?.mappings[0]).to.include({ state: 'linked' });
        await expectAgreement(world);
      });
    }
  }

  it('keeps the events of the record that were received before it was known which row it belongs to', async () => {
    const made = await world.create();
    await world.receive();
    const held = pauseAt('intent.answered');
    const working = world.lane.runOnce();
    await held.reached;
    const [customer] = world.simulator.customers();
    world.simulator.dashboard.deleteCustomer(customer!.id);
    await world.deliver(world.undelivered(), { thin: true });
    await world.receiveInbound();
    await world.run(world.worker());
    held.resume();
    await working;
    await world.lane.drain();
    await world.run();
    expect(await readCustomer(world.db, made.id)).to.have.property('deletedAt').that.is.not.null;
    await expectAgreement(world);
  });

  it('whose answer never came: the pair is linked all the same', async () => {
    await world.create();
    await world.receive();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.run();
    await world.deliver();
    await world.receiveInbound();
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.length(1);
    expect(world.simulator.customers()).to.have.length(1);
    await expectAgreement(world);
  });

  it('and deleted here meanwhile: the create is finished, then deleted there', async () => {
    const made = await world.create();
    await world.receive();
    const held = pauseAt('intent.answered');
    const working = world.lane.runOnce();
    await held.reached;
    await world.remove(made.id);
    await world.deliver();
    await world.receiveInbound();
    held.resume();
    await working;
    await world.lane.drain();
    await world.rest();
    expect(world.simulator.customers()).to.deep.equal([]);
    await expectAgreement(world);
  });
});
