import { expect } from 'chai';
import { countUnmatched } from '../../../db/external-records.ts';
import { operationsOf } from '../../support/choice.ts';
import { storeConsents, planFirstLink } from '../../../lib/operations/link-plan.ts';
import { DEFAULT_ACCOUNT } from '../../../simulator/http/keys.ts';
import { waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

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
    await storeConsents(world.deps, plan, 'test');
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: record, state: 'linked' });
    await expectAgreement(world);
  });

  it('makes a new record where a person says so, and leaves the other as it is', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ name: 'Other Bo', email: 'bo@example.com' });
    await world.run();
    expect(await operationsOf(world).makeNew(row.id, 'ops')).to.include({ outcome: 'new_consented' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(2).and.include(record);
    expect(await operationsOf(world).makeNew(row.id, 'ops')).to.include({ outcome: 'cannot_link' });
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

  it('goes on by itself once the record is another customer’s, and has the email of that one', async () => {
    const other = await linkedPair(world, { email: 'other@example.com' });
    const record = checkout('bo@example.com');
    const row = await rowBeside(record);
    expect(await operationsOf(world).choose(other.id, record, 'ops')).to.include({ outcome: 'consented' });
    await world.rest();
    expect((await mappingOf(world.db, row)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(1).and.not.include(record);
  });

  it('finds a record that came after the consent to create one, and asks again', async () => {
    const row = await waitingRow(world, { name: 'Bo', email: 'bo@example.com' });
    const plan = await planFirstLink(world.deps);
    expect(plan.creates.map(({ customer }) => customer)).to.deep.equal([row.id]);
    await storeConsents(world.deps, plan, 'ops');
    const record = checkout('bo@example.com');
    await world.rest();
    expect(alive('bo@example.com')).to.deep.equal([record]);
    await storeConsents(world.deps, await planFirstLink(world.deps), 'ops');
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: record, state: 'linked' });
    await expectAgreement(world);
  });

  it('looks again where the record that the setting links goes away just then', async () => {
    const record = checkout('bo@example.com');
    const row = await world.create({ email: 'bo@example.com' });
    let isThere = true;
    const fetch: typeof world.integration.fetch = (id, options) => {
      if (isThere) world.simulator.dashboard.deleteCustomer(record);
      isThere = false;
      return world.integration.fetch(id, options);
    };
    await world.run(world.worker({ ...linking, integration: { ...world.integration, fetch } }));
    await world.rest(world.worker(linking));
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(1);
    await expectAgreement(world);
  });

  it('looks again before a request goes out that could not be sent for long', async () => {
    const row = await world.create({ email: 'bo@example.com' });
    world.simulator.faults.add({ kind: 'rate_limit', method: 'POST', reason: 'global-rate' });
    await world.run();
    expect((await mappingOf(world.db, row.id)).intent).to.include({ operation: 'create', unsent: true });
    const record = checkout('bo@example.com');
    world.advance(10 * 60_000);
    await world.rest();
    expect(alive('bo@example.com')).to.deep.equal([record]);
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [record] });
  });

  it('makes no second record for that of a row whose record was chosen anew, in other letters', async () => {
    const pair = await linkedPair(world, { email: 'Bo@Example.com' });
    const second = checkout('bo@example.com');
    await world.rest();
    expect(await operationsOf(world).choose(pair.id, second, 'ops')).to.include({ outcome: 'linked' });
    await world.rest();
    await world.remove(pair.id);
    await world.rest();
    const row = await world.create({ email: 'bo@example.com' });
    await world.rest();
    expect(alive('bo@example.com')).to.deep.equal([pair.externalId]);
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [pair.externalId] });
  });

  it('makes no second record for that of a row that was let go and deleted, in other letters', async () => {
    const { id, externalId } = await linkedPair(world, { email: 'Bo@Example.com' });
    await world.db('external_mappings').update({ state: 'parked', reason: 'loop' });
    const mapping = (await mappingOf(world.db, id)).id;
    await resolutionsOf(world).resolve(mapping, { action: 'let_go', why: null, actor: 'ops' });
    await world.remove(id);
    await world.rest();
    const row = await world.create({ email: 'bo@example.com' });
    await world.rest();
    expect(alive('bo@example.com')).to.deep.equal([externalId]);
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [externalId] });
  });

  it('says which command creates another record nevertheless, if a decision would lead back to the same wait', async () => {
    const row = await rowBeside(checkout('bo@example.com'));
    const { id } = await mappingOf(world.db, row);
    const refused = await resolutionsOf(world).resolve(id, { action: 'recreate', why: null, actor: 'ops' });
    expect(JSON.stringify(refused)).to.include('cannot_resolve').and.include(`link ${row} --create`);
  });

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
