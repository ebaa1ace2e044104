import { expect } from 'chai';
import { countNotLinked } from '../../../db/mappings/first-link.ts';
import { readCustomer, type Customer } from '../../support/customers.ts';
import { storeConsents, planFirstLink } from '../../../lib/operations/link-plan.ts';
import type { LinkPlan } from '../../../lib/operations/planned-link.ts';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { mappingsIn, useTwoWay, type MappingSeen } from '../../support/two-way.ts';

describe('the first link', () => {
  const world = useTwoWay();

  it('waits for a consent: until then nothing is created, and edits on both sides are kept', async () => {
    const row = await waiting({ name: 'Ada', email: 'ada@example.com' });
    const record = world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
    await world.update(row.id, { name: 'Ada King' });
    world.simulator.dashboard.updateCustomer(record.id, { name: 'Ada Lovelace' });
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'waiting', reason: 'not_linked' });
    expect(await outcomesOf(world.db, row.id)).to.deep.equal(['waiting', 'waiting']);
    expect(made()).to.equal(0);
    await link();
    expect(await readCustomer(world.db, row.id)).to.include({ name: 'Ada King' });
    expect(there(record.id)).to.include({ name: 'Ada King' });
    expect((await conflictsOf(world.db, row.id)).map(({ ours, theirs }) => [ours, theirs])).to.deep.equal([
      ['Ada King', 'Ada Lovelace'],
    ]);
    await expectAgreement(world);
  });

  it('links by our owner tag, then by email, then creates; an unmatched record becomes a row', async () => {
    const marked = await waiting({ name: 'Marked', email: 'old@example.com' });
    const mailed = await waiting({ name: 'Mailed', email: 'mailed@example.com' });
    const alone = await waiting({ name: 'Alone', email: 'alone@example.com' });
    const byMark = theirs({ name: 'Marked', email: 'new@example.com' }, marked);
    const byEmail = theirs({ name: 'Mailed', email: 'MAILED@example.com' });
    const nobodys = theirs({ name: 'Nobody’s', email: 'nobody@example.com' });
    const plan = await planFirstLink(world.deps);
    expect(
      [...plan.pairs.values()].map(({ customer, externalId, by }) => [customer, externalId, by]),
    ).to.have.deep.members([
      [marked.id, byMark, 'mark'],
      [mailed.id, byEmail, 'email'],
    ]);
    expect(plan.creates.map(({ customer }) => customer)).to.deep.equal([alone.id]);
    expect(plan.imports).to.deep.equal([nobodys]);
    await link();
    expect((await mappingOf(world.db, marked.id)).externalId).to.equal(byMark);
    expect((await mappingOf(world.db, mailed.id)).externalId).to.equal(byEmail);
    expect((await mappingOf(world.db, alone.id)).state).to.equal('linked');
    expect(made()).to.equal(1);
    expect(await states()).to.deep.equal({ linked: 4 });
    expect(await countNotLinked(world.db, 'stripe')).to.equal(0);
    await expectAgreement(world);
  });

  it('says what will happen to the values, and that is what happens', async () => {
    const blank = await waiting({ name: 'Has a name', email: 'blank@example.com' });
    const clash = await waiting({ name: 'Ours', email: 'clash@example.com' });
    const same = await waiting({ name: 'Same', email: 'same@example.com' });
    const blankThere = theirs({ name: null, email: 'blank@example.com' });
    theirs({ name: 'Theirs', email: 'clash@example.com' });
    theirs({ name: ' Same ', email: 'Same@example.com' });
    const { pairs } = await planFirstLink(world.deps);
    expect(pairs.get(blank.id)?.changes).to.deep.equal({ here: [], there: ['name'], conflicts: [] });
    expect(pairs.get(clash.id)?.changes).to.deep.equal({
      here: [],
      there: [],
      conflicts: [{ field: 'name', winner: 'ours' }],
    });
    expect(pairs.get(same.id)?.changes).to.deep.equal({ here: [], there: [], conflicts: [] });
    await link();
    expect(there(blankThere)).to.include({ name: 'Has a name' });
    expect(await conflictsOf(world.db, blank.id)).to.deep.equal([]);
    expect(await conflictsOf(world.db, clash.id)).to.have.length(1);
    expect((await readCustomer(world.db, same.id))?.version).to.equal(1);
    await expectAgreement(world);
  });

  it('takes the older of two records with one email, and reports the other', async () => {
    const row = await waiting({ name: 'Twice', email: 'twice@example.com' });
    const older = theirs({ name: 'Twice', email: 'twice@example.com' });
    world.advance(60_000);
    const newer = theirs({ name: 'Twice again', email: 'twice@example.com' });
    const plan = await link();
    expect(plan.aliases).to.deep.equal([{ externalId: newer, customer: row.id, by: 'age' }]);
    expect((await primaryOf(row.id)).externalId).to.equal(older);
    expect((await mappingsIn(world.db)).find(({ externalId }) => externalId === newer)).to.include({
      state: 'alias',
      internalId: row.id,
    });
    expect((await conflictsOf(world.db, row.id)).map(({ kind }) => kind)).to.deep.equal([
      'external_duplicate',
    ]);
    expect(world.simulator.customers()).to.have.length(2);
    await expectAgreement(world);
  });

  it('leaves another installation’s record alone, though it has the email', async () => {
    const row = await waiting({ name: 'Ours', email: 'shared@example.com' });
    const { id } = world.simulator.dashboard.createCustomer({
      name: 'Of the other',
      email: 'shared@example.com',
      metadata: { twinbox_zzzzzzzz: '01990000-0000-7000-8000-000000000001' },
    });
    const plan = await link();
    expect(plan.elsewhere).to.equal(1);
    expect((await mappingOf(world.db, row.id)).externalId).to.not.equal(id);
    expect(there(id)).to.include({ name: 'Of the other' });
  });

  it('makes nothing for a row that was deleted while it waited', async () => {
    const row = await waiting({ name: 'Gone', email: 'gone@example.com' });
    await world.remove(row.id);
    const plan = await link();
    expect(plan.ended).to.have.length(1);
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'tombstoned' });
    expect(world.calls().filter((call) => call.startsWith('POST'))).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('stores a consent once: broken off and run again, the rest is stored', async () => {
    for (let n = 0; n < 5; n++) await waiting({ name: `N ${n}`, email: `n${n}@example.com` });
    const plan = await planFirstLink(world.deps);
    const [first] = plan.creates;
    await storeConsents(world.deps, { ...plan, creates: first ? [first] : [] }, 'test');
    const again = await planFirstLink(world.deps);
    expect(again.underWay).to.equal(1);
    expect(again.creates).to.have.length(4);
    expect(await storeConsents(world.deps, plan, 'test')).to.include({ rows: 4 });
    expect(await storeConsents(world.deps, plan, 'test')).to.include({ rows: 0 });
    await world.rest();
    expect(made()).to.equal(5);
    await expectAgreement(world);
  });

  it('reports a second record also if it was broken off between the consents and the records', async () => {
    const row = await waiting({ name: 'Twice', email: 'twice@example.com' });
    const older = theirs({ name: 'Twice', email: 'twice@example.com' });
    world.advance(60_000);
    const newer = theirs({ name: 'Twice again', email: 'twice@example.com' });
    const plan = await planFirstLink(world.deps);
    await storeConsents(world.deps, { ...plan, aliases: [] }, 'test');
    expect((await consentToAll(world)).aliases).to.deep.equal([
      { externalId: newer, customer: row.id, by: 'linked' },
    ]);
    await world.rest();
    expect((await primaryOf(row.id)).externalId).to.equal(older);
    expect((await mappingsIn(world.db)).find(({ externalId }) => externalId === newer)?.state).to.equal(
      'alias',
    );
    await expectAgreement(world);
  });

  it('raises every record if it is broken off after the last consent: no later plan would do it', async () => {
    const row = await waiting({ name: 'Twice', email: 'twice@example.com' });
    const older = theirs({ name: 'Twice', email: 'twice@example.com' });
    world.advance(60_000);
    const newer = theirs({ name: 'Twice again', email: 'twice@example.com' });
    const nobodys = theirs({ name: 'Nobody’s', email: 'nobody@example.com' });
    for (const event of world.undelivered()) world.lose(event);
    const broken = await storeConsents(world.deps, await planFirstLink(world.deps), 'test', {
      onProgress: () => expect.fail('broken off'),
    }).catch((error: unknown) => error);
    expect(broken).to.have.property('message', 'broken off');
    expect(await countNotLinked(world.db, 'stripe')).to.equal(0);
    await world.rest();
    expect((await primaryOf(row.id)).externalId).to.equal(older);
    const stateOf = new Map((await mappingsIn(world.db)).map((each) => [each.externalId, each.state]));
    expect([stateOf.get(newer), stateOf.get(nobodys)]).to.deep.equal(['alias', 'linked']);
    await expectAgreement(world);
  });

  it('asks again if the record is gone since the consent, or has the owner tag of another installation', async () => {
    const gone = await waiting({ name: 'Gone', email: 'gone@example.com' });
    const taken = await waiting({ name: 'Taken', email: 'taken@example.com' });
    const goneId = theirs({ name: 'Gone', email: 'gone@example.com' });
    const takenId = theirs({ name: 'Taken', email: 'taken@example.com' });
    const plan = await planFirstLink(world.deps);
    world.simulator.dashboard.deleteCustomer(goneId);
    world.simulator.dashboard.updateCustomer(takenId, { metadata: { twinbox_zzzzzzzz: 'x' } });
    await storeConsents(world.deps, plan, 'test');
    await world.rest();
    expect(await mappingOf(world.db, gone.id)).to.deep.include({
      state: 'waiting',
      reason: 'not_linked',
      reasonDetail: { tried: goneId, why: 'erased' },
    });
    expect(await mappingOf(world.db, taken.id)).to.deep.include({
      reason: 'not_linked',
      reasonDetail: { tried: takenId, why: 'other_environment' },
    });
    await link();
    expect((await mappingOf(world.db, gone.id)).state).to.equal('linked');
    expect(made()).to.equal(2);
    await expectAgreement(world);
  });

  it('keeps its consent through failures, through parking and through a replay', async () => {
    const row = await waiting({ name: 'Patient', email: 'patient@example.com' });
    const record = theirs({ name: 'Patient', email: 'patient@example.com' });
    world.simulator.faults.add({
      kind: 'reset',
      method: 'GET',
      path: `/v1/customers/${record}`,
      times: null,
    });
    await consentToAll(world);
    await world.run();
    for (let hour = 0; hour < 26; hour++) {
      world.advance(3_600_000);
      await world.run();
    }
    expect((await mappingOf(world.db, row.id)).state).to.equal('parked');
    world.simulator.faults.clear();
    await world.notify(row.id);
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'linked', externalId: record });
    expect(made()).to.equal(0);
    await expectAgreement(world);
  });

  it('costs one read and one write for a pair that agrees, and one write for a record that is made', async () => {
    await waiting({ name: 'Pair', email: 'pair@example.com' });
    await waiting({ name: 'Made', email: 'made@example.com' });
    theirs({ name: 'Pair', email: 'pair@example.com' });
    await consentToAll(world);
    const before = world.calls().length;
    await world.run();
    expect(world.calls().slice(before).sort()).to.deep.equal([
      'GET /v1/customers/cus',
      'POST /v1/customers',
      'POST /v1/customers/cus',
    ]);
    await world.rest();
    expect(world.log.filter(({ event }) => event === 'reconcile.broke_off')).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('holds no row that was made after the plan', async () => {
    const planned = await world.create();
    const plan = await planFirstLink(world.deps);
    expect(plan.creates).to.deep.equal([{ customer: planned.id, mapping: null, waits: null }]);
    const later = await world.create();
    await storeConsents(world.deps, plan, 'test');
    await world.rest();
    expect((await mappingOf(world.db, planned.id)).state).to.equal('linked');
    expect((await mappingOf(world.db, later.id)).state).to.equal('linked');
    await expectAgreement(world);
  });

  it('loses no edit that comes between the read and the link', async () => {
    const row = await waiting({ name: 'Old', email: 'edit@example.com' });
    const record = theirs({ name: 'Old', email: 'edit@example.com' });
    await consentToAll(world);
    world.simulator.dashboard.updateCustomer(record, { name: 'Edited there' });
    const running = world.run();
    await world.deliver();
    await world.receiveInbound();
    await running;
    await world.update(row.id, { email: 'edited-here@example.com' });
    await world.rest();
    expect(await readCustomer(world.db, row.id)).to.include({ email: 'edited-here@example.com' });
    expect(there(record)).to.include({ email: 'edited-here@example.com' });
    await expectAgreement(world);
  });

  const waiting = (values: { name: string; email: string }): Promise<Customer> => waitingRow(world, values);

  function theirs(values: { name: string | null; email: string }, markOf?: Customer): string {
    const metadata = markOf && { [`twinbox_${world.deps.policy.instanceId}`]: markOf.createdEventId };
    return world.simulator.dashboard.createCustomer({ ...values, ...(metadata && { metadata }) }).id;
  }

  /** Customers that we made there. */
  const made = (): number => world.calls().filter((call) => call === 'POST /v1/customers').length;

  const there = (externalId: string) => world.simulator.customers().find(({ id }) => id === externalId);

  async function primaryOf(id: number): Promise<MappingSeen> {
    const own = (await mappingsIn(world.db)).filter(
      ({ internalId, role }) => internalId === id && role === 'primary',
    );
    expect(own).to.have.length(1);
    return own[0] as MappingSeen; // one, as was just seen
  }

  async function link(): Promise<LinkPlan> {
    const plan = await consentToAll(world);
    await world.rest();
    return plan;
  }

  async function states(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state } of await mappingsIn(world.db)) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }
});
