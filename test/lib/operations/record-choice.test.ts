import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { disableFailpoints, enableFailpoint } from '../../../lib/failpoint.ts';
import { subscribe } from '../../support/subscriptions.ts';
import { operationsOf, doubled, recordMapping, standsOf } from '../../support/choice.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, deliveriesOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

describe('choosing the record of a customer', () => {
  const world = useTwoWay();
  const choose = (id: number, record: string) => operationsOf(world).choose(id, record, 'ops');
  const nameAt = (record: string): string | null | undefined =>
    world.simulator.customers().find(({ id }) => id === record)?.name;
  const markAt = (record: string): string[] =>
    Object.values(world.simulator.customers().find(({ id }) => id === record)?.metadata ?? {});

  it('makes its second record the one that it is linked with, and the first an alias', async () => {
    const { id, first, second } = await doubled(world);
    expect(await choose(id, second)).to.deep.equal({
      outcome: 'linked',
      customer: id,
      externalId: second,
      insteadOf: first,
    });
    expect(await standsOf(world, id)).to.deep.equal([`${first} alias alias`, `${second} primary linked`]);
    await world.rest();
    await world.update(id, { name: 'Ada King' });
    await world.rest();
    expect([nameAt(first), nameAt(second)]).to.deep.equal(['Ada', 'Ada King']);
    expect(markAt(second)).to.deep.equal([(await readCustomer(world.db, id))?.createdEventId]);
    await expectAgreement(world);
  });

  it('is reported: by an event with the new record and who chose it, and by a conflict row', async () => {
    const { id, first, second } = await doubled(world);
    await choose(id, second);
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { context: object; payload: object }[] }>(
      `select context, payload from sync_events where event_type = 'customer.linked' order by id desc limit 1`,
    );
    expect(rows[0]?.context).to.deep.equal({ actor: 'ops', external_id: second, instead_of: first });
    expect(rows[0]?.payload).to.have.deep.property('external_mappings', { stripe: second });
    const told = (await conflictsOf(world.db, id)).filter(({ note }) => note === 'by ops');
    expect(told.map(({ kind, ours, theirs }) => [kind, ours, theirs])).to.deep.equal([
      ['external_duplicate', second, first],
    ]);
  });

  it('sends what waits to the new record, and nothing of it to the old one', async () => {
    const { id, first, second } = await doubled(world);
    await world.update(id, { name: 'Ada King' });
    await world.receive();
    await choose(id, second);
    await world.rest();
    expect([nameAt(first), nameAt(second)]).to.deep.equal(['Ada', 'Ada King']);
    const updates = (await deliveriesOf(world.db, id)).filter(({ type }) => type === 'customer.updated');
    expect(updates.map(({ status }) => status)).to.deep.equal(['applied']);
    await expectAgreement(world);
  });

  it('has no common past with the new record: ours stays where both have a name, and theirs is kept', async () => {
    const { id, second } = await doubled(world, { name: 'Ada Lovelace' });
    await choose(id, second);
    await world.rest();
    expect(nameAt(second)).to.equal('Ada');
    const kept = (await conflictsOf(world.db, id)).filter(({ kind }) => kind === 'both_moved');
    expect(kept.map(({ ours, theirs }) => [ours, theirs])).to.deep.equal([['Ada', 'Ada Lovelace']]);
    await expectAgreement(world);
  });

  it('gives way to the name of the new record where its own only stood in for one', async () => {
    const { id: first } = world.simulator.dashboard.createCustomer({ email: 'ada@example.com' });
    await world.rest();
    const id = (await recordMapping(world, first)).internalId ?? 0;
    expect(await readCustomer(world.db, id)).to.include({ name: 'ada' });
    const { id: second } = world.simulator.dashboard.createCustomer({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    });
    await world.rest();
    await choose(id, second);
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada Lovelace' });
    expect(nameAt(second)).to.equal('Ada Lovelace');
    expect((await conflictsOf(world.db, id)).filter(({ field }) => field !== null)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('can be taken back', async () => {
    const { id, first, second } = await doubled(world);
    await choose(id, second);
    await world.rest();
    await choose(id, first);
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`, `${second} alias alias`]);
    await world.update(id, { name: 'Back' });
    await world.rest();
    expect([nameAt(first), nameAt(second)]).to.deep.equal(['Back', 'Ada']);
    await expectAgreement(world);
  });

  it('twice changes nothing the second time', async () => {
    const { id, second } = await doubled(world);
    await choose(id, second);
    expect(await choose(id, second)).to.deep.equal({
      outcome: 'linked_already',
      customer: id,
      externalId: second,
    });
    await world.rest();
  });

  it('of a worker that has the pair in hand: the worker settles nothing more, and what it read is read again', async () => {
    const { id, first, second } = await doubled(world);
    world.simulator.dashboard.updateCustomer(first, { name: 'Ada of first' });
    await world.deliver();
    await world.receiveInbound();
    const claims = await world.claim();
    expect(claims).to.have.length(1);
    await choose(id, second);
    await world.rest();
    expect(nameAt(second)).to.equal('Ada');
    expect(await standsOf(world, id)).to.deep.equal([`${first} alias alias`, `${second} primary linked`]);
    await expectAgreement(world);
  });

  it('waits for the end of a request to the old record', async () => {
    const { id, first, second } = await doubled(world);
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.update(id, { name: 'Ada King' });
    await world.run();
    expect(await choose(id, second)).to.have.property('outcome', 'in_progress');
    expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`, `${second} alias alias`]);
    await world.rest();
    expect(await choose(id, second)).to.have.property('outcome', 'linked');
    await world.rest();
    await expectAgreement(world);
  });

  it('takes a record that belongs to no customer, once a worker has read it', async () => {
    const { id, externalId: first } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    const { id: other } = world.simulator.dashboard.createCustomer({
      name: 'Work',
      email: 'ada@work.example',
    });
    expect(await choose(id, other)).to.deep.equal({
      outcome: 'consented',
      customer: id,
      externalId: other,
      insteadOf: first,
    });
    expect(await choose(id, other)).to.have.property('outcome', 'consented_already');
    expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`]);
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${first} alias alias`, `${other} primary linked`]);
    expect(await readCustomer(world.db, id)).to.include({ email: 'ada@example.com' });
    await expectAgreement(world);
  });

  it('leaves the pair as it is where the record that was named is not there', async () => {
    const { id, externalId: first } = await linkedPair(world);
    await choose(id, 'cus_notthere');
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`]);
    expect((await recordMapping(world, 'cus_notthere')).state).to.equal('parked');
    await expectAgreement(world);
  });

  it('gives a customer without a record the one that was named, and makes none', async () => {
    const { id: theirs } = world.simulator.dashboard.createCustomer({
      name: 'Work',
      email: 'ada@work.example',
    });
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.receive();
    expect(await choose(id, theirs)).to.have.property('outcome', 'consented');
    const [own] = await mappingsIn(world.db);
    expect(own).to.include({ externalId: null, state: 'pending' });
    await world.db.raw(
      `update external_mappings set state = 'waiting', reason = 'not_linked', clean = dirty where external_id is null`,
    );
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${theirs} primary linked`]);
    expect(world.simulator.customers()).to.have.length(1);
    await expectAgreement(world);
  });

  it('refuses what is another customer’s, what was deleted there, what no id can be, and who is not here', async () => {
    const { id, first, second } = await doubled(world);
    const other = await linkedPair(world, { name: 'Bo', email: 'bo@example.com' });
    const why = async (customer: number, record: string): Promise<string> => {
      const result = await choose(customer, record);
      return 'why' in result ? result.why : result.outcome;
    };
    expect(await why(id, other.externalId)).to.equal(
      `${other.externalId} is linked with customer ${other.id}.`,
    );
    expect(await why(other.id, second)).to.equal(
      `${second} is a second record of customer ${id}, by its email.`,
    );
    expect(await why(id, 'two words')).to.include('no spaces');
    expect(await why(99_999, first)).to.equal('not_found');
    world.simulator.dashboard.deleteCustomer(second);
    await world.rest();
    expect(await why(id, second)).to.equal(`${second} was deleted at the external system.`);
    expect(await standsOf(world, id)).to.deep.equal([
      `${first} primary linked`,
      `${second} alias tombstoned`,
    ]);
  });

  it('lets the old record go where it wants: with an email of its own there it becomes a customer of its own', async () => {
    const { id, first, second } = await doubled(world);
    await choose(id, second);
    await world.rest();
    world.simulator.dashboard.updateCustomer(first, { name: 'Bo', email: 'bo@example.com' });
    await world.rest();
    const freed = await recordMapping(world, first);
    expect(freed).to.include({ role: 'primary', state: 'linked' });
    expect(freed.internalId).to.not.equal(id);
    expect(markAt(first)).to.deep.equal([
      (await readCustomer(world.db, freed.internalId ?? 0))?.createdEventId,
    ]);
    await expectAgreement(world);
  });

  for (const [point, wanted] of [
    ['choice.before-commit', 'primary linked'],
    ['choice.after', 'alias alias'],
  ] as const) {
    it(`that dies at ${point} leaves the one or the other, and can simply be made again`, async () => {
      const { id, first, second } = await doubled(world);
      enableFailpoint(point, () => Promise.reject(new Error('died')));
      const died = await choose(id, second).then(
        () => null,
        (error: unknown) => error,
      );
      disableFailpoints();
      expect(died).to.be.instanceOf(Error);
      expect((await standsOf(world, id))[0]).to.equal(`${first} ${wanted}`);
      await world.rest();
      expect(await choose(id, second))
        .to.have.property('outcome')
        .that.matches(/^linked/);
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([`${first} alias alias`, `${second} primary linked`]);
      await expectAgreement(world);
    });
  }

  it('of a paid record keeps its subscription: nothing is deleted there', async () => {
    const { id, first, second } = await doubled(world);
    await subscribe(world, second);
    await choose(id, second);
    await world.rest();
    await world.remove(id);
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([
      `${first} alias alias`,
      `${second} primary parked delete_blocked`,
    ]);
    expect(world.simulator.customers()).to.have.length(2);
  });
});
