import { expect } from 'chai';
import { countUnmatched } from '../../../db/external-records.ts';
import { createChoiceDesk } from '../../../lib/record-choice.ts';
import { giveWords, planFirstLink } from '../../../lib/sync/link-plan.ts';
import { DEFAULT_ACCOUNT } from '../../../simulator/keys.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

const PLACE = { system: 'stripe', account: DEFAULT_ACCOUNT, externalType: 'customer' };

/** A record with the identity of a row is found before a second one is made for it. */
describe('before a create', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  const linking = { policy: { linkByEmail: 'link' } } as const;

  /** Made at Stripe, and no webhook has brought it. */
  function checkout(email: string, name = 'Checked out'): string {
    return world.simulator.dashboard.createCustomer({ name, email }).id;
  }

  const alive = (email: string): string[] =>
    world.simulator
      .customers()
      .filter((customer) => customer.email?.toLowerCase() === email)
      .map(({ id }) => id);

  it('waits for consent where a record has the email, though no webhook has brought it', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ email: 'bo@example.com' });
    await world.run();
    expect(await mappingOf(world.db, row.id)).to.deep.include({
      state: 'waiting',
      reason: 'not_linked',
      reasonDetail: { because: 'identity_exists', records: [record] },
    });
    expect(alive('bo@example.com')).to.deep.equal([record]);
  });

  it('finds the record also where the email here is in other letters', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ email: 'BO@Example.com' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [record] });
  });

  it('finds a record whose email there is in other letters, once an event of it has come', async () => {
    const record = checkout('');
    world.simulator.dashboard.updateCustomer(record, { email: 'BO@Example.com', name: '' });
    const rest = world.worker({ policy: { imports: false } });
    await world.rest(rest);
    const row = await world.create({ email: 'bo@example.com' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [record] });
    expect(alive('bo@example.com')).to.deep.equal([record]);
  });

  it('links at once where the setting says so, and the event that comes late changes nothing', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ name: 'Bo', email: 'bo@example.com' });
    const lane = world.worker(linking);
    await world.run(lane);
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: record, state: 'linked' });
    await world.rest(lane);
    expect(await mappingsIn(world.db)).to.have.length(1);
    await expectAgreement(world);
  });

  it('links with one of several where the setting says so; the others become its aliases', async () => {
    const first = checkout('bo@example.com');
    world.advance(60_000);
    const second = checkout('bo@example.com');
    const row = await world.create({ name: 'Bo', email: 'bo@example.com' });
    const lane = world.worker(linking);
    await world.rest(lane);
    const linked = (await mappingsIn(world.db)).map(({ role, externalId }) => [role, externalId]);
    expect(linked).to.have.deep.members([
      ['primary', first],
      ['alias', second],
    ]);
    expect((await conflictsOf(world.db, row.id)).map(({ kind }) => kind)).to.include('external_duplicate');
  });

  it('takes the consent that a plan of the first link gives, and each becomes a pair', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ name: 'Checked out', email: 'bo@example.com' });
    await world.run();
    const plan = await planFirstLink(world.deps);
    expect(plan.pairs.get(row.id)).to.include({ externalId: record, by: 'email' });
    await giveWords(world.deps, plan, 'test');
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: record, state: 'linked' });
    await expectAgreement(world);
  });

  it('makes a new record where a person says so, and leaves the other as it is', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ name: 'Other Bo', email: 'bo@example.com' });
    await world.run();
    const desk = createChoiceDesk({
      db: world.db,
      clock: world.clock,
      nudge: () => undefined,
      target: PLACE,
    });
    expect(await desk.makeNew(row.id, 'ops')).to.include({ outcome: 'new_consented' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(2).and.include(record);
    expect(await desk.makeNew(row.id, 'ops')).to.include({ outcome: 'cannot_link' });
  });

  it('goes on by itself once the record is deleted there', async () => {
    const record = checkout('bo@example.com');
    const row = await rowBeside(record);
    world.simulator.dashboard.deleteCustomer(record);
    await world.rest();
    const made = alive('bo@example.com');
    expect(made).to.have.length(1);
    expect(made).to.not.include(record);
    expect(await mappingOf(world.db, row)).to.include({ externalId: made[0], state: 'linked' });
    await expectAgreement(world);
  });

  it('goes on by itself once the record has another email', async () => {
    const record = checkout('bo@example.com');
    const row = await rowBeside(record);
    world.simulator.dashboard.updateCustomer(record, { email: 'other@example.com' });
    await world.rest();
    expect((await mappingOf(world.db, row)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(1);
    await expectAgreement(world);
  });

  /** A row that waits since the record exists, and the event of the record is heard. */
  async function rowBeside(record: string): Promise<number> {
    const { id } = await world.create({ email: 'bo@example.com' });
    await world.run();
    await world.rest();
    const mapping = await mappingOf(world.db, id);
    expect(mapping.reasonDetail).to.deep.include({ records: [record] });
    return id;
  }

  it('looks anew when the waiting row gets an email that no record has', async () => {
    checkout('bo@example.com');
    const row = await world.create({ email: 'bo@example.com' });
    await world.run();
    await world.update(row.id, { email: 'free@example.com' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
  });

  it('leaves the records of another installation alone', async () => {
    world.simulator.dashboard.createCustomer({
      email: 'bo@example.com',
      metadata: { twinbox_zzzzzzzz: '01990000-0000-7000-8000-000000000001' },
    });
    const row = await world.create({ email: 'bo@example.com' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(2);
  });

  it('makes a record although one has the email where emails link nothing', async () => {
    checkout('bo@example.com');
    const row = await world.create({ email: 'bo@example.com' });
    await world.run(world.worker({ policy: { linkByEmail: 'never' } }));
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
  });

  it('waits until a delete of the same email has gone, and makes the record then', async () => {
    const old = await linkedPair(world, { email: 'bo@example.com' });
    await world.remove(old.id);
    const row = await world.create({ email: 'bo@example.com' });
    await world.rest();
    expect(alive('bo@example.com')).to.have.length(1);
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    await expectAgreement(world);
  });

  it('makes no second record for the email of a row that was deleted and whose record stays', async () => {
    const lane = world.worker({ policy: { deletes: 'detach' } });
    const old = await linkedPair(world, { email: 'bo@example.com' });
    await world.remove(old.id);
    await world.rest(lane);
    const row = await world.create({ email: 'BO@example.com' });
    await world.rest(lane);
    expect(alive('bo@example.com')).to.deep.equal([old.externalId]);
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [old.externalId] });
    expect(await countUnmatched(world.db, PLACE)).to.include({ undecided: 0, left: 1 });
  });

  it('is asked again after a look that failed, and makes nothing before', async () => {
    const record = checkout('bo@example.com');
    world.simulator.faults.add({
      kind: 'error_before_effect',
      method: 'GET',
      path: '/v1/customers',
      status: 503,
    });
    const row = await world.create({ email: 'bo@example.com' });
    await world.run();
    expect(alive('bo@example.com')).to.deep.equal([record]);
    expect((await mappingOf(world.db, row.id)).lastError).to.include({ status: 503 });
    await world.rest();
    expect((await mappingOf(world.db, row.id)).state).to.equal('waiting');
  });
});
