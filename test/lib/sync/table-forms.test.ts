import { expect } from 'chai';
import { readCustomer, type Customer } from '../../support/customers.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { removeRules, triggerSql } from '../../support/table-rules.ts';
import { linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

/** What the table's own BEFORE triggers make of a value is what the row is: it goes out once, and then both sides agree. */
describe('a value of theirs that a trigger of the table changes', () => {
  const world = useTwoWay();
  const initcap = triggerSql('tidy', `new.name := initcap(new.name); return new;`);
  afterEach('take the rules away', () => removeRules(world.db));

  const row = async (id: number): Promise<Customer> => (await readCustomer(world.db, id))!;
  const there = (externalId: string): string | null | undefined =>
    world.simulator.customers().find(({ id }) => id === externalId)?.name;
  const writes = (): string[] => world.calls().filter((call) => call.startsWith('POST'));

  it('goes back once, and the pair agrees', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    const before = writes().length;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
    await world.rest();
    expect(await row(id)).to.deep.include({ name: 'Ada King', version: 2 });
    expect(there(externalId)).to.equal('Ada King');
    expect(writes().slice(before)).to.deep.equal(['POST /v1/customers/cus']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'echo', 'applied', 'origin', 'echo']);
    expect((await mappingOf(world.db, id)).shadow['name']).to.deep.equal({
      ours: 'Ada King',
      theirs: 'Ada King',
    });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('is in the event as the row has it', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>(
      `select payload #>> '{customer_data,name}' as name from sync_events where entity_id = ${id} and version = 2`,
    );
    expect(rows).to.deep.equal([{ name: 'Ada King' }]);
  });

  it('goes back with the owner tag, in one write, where a row is made for a new record', async () => {
    await world.db.raw(initcap);
    const { id: externalId } = world.simulator.dashboard.createCustomer({
      name: 'eve',
      email: 'eve@example.com',
    });
    await world.rest();
    expect(there(externalId)).to.equal('Eve');
    expect(writes()).to.deep.equal(['POST /v1/customers/cus']);
    await expectAgreement(world);
  });

  it('goes back where the first write of it fails', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
    world.simulator.faults.add({
      kind: 'error_before_effect',
      method: 'POST',
      path: `/v1/customers/${externalId}`,
      status: 503,
    });
    await world.rest();
    expect((await row(id)).name).to.equal('Ada King');
    expect(there(externalId)).to.equal('Ada King');
    await expectAgreement(world);
  });

  it('gives way to a newer value of theirs that came before it went back', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
    await world.deliver();
    await world.receiveInbound();
    // It writes here, and cannot write there.
    await world.run(world.worker({ policy: { writes: false } }));
    expect((await mappingOf(world.db, id)).shadow['name']).to.include({ reason: 'reformed' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Grace Hopper' });
    await world.rest();
    expect((await row(id)).name).to.equal('Grace Hopper');
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('that they put back stays as it is on both sides, with a conflict: two rules do not go on for ever', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    for (let times = 0; times < 3; times += 1) {
      world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
      await world.rest();
    }
    expect(writes().length).to.equal(2); // the create, and one form
    expect(there(externalId)).to.equal('ada king');
    expect((await row(id)).name).to.equal('Ada King');
    const conflicts = await conflictsOf(world.db, id);
    expect(conflicts.map(({ kind, winner }) => [kind, winner])).to.deep.equal([
      ['reform_refused', 'neither'],
    ]);
    const { findings } = await compareAll(world.deps);
    expect(findings.map(({ kind, why }) => [kind, why])).to.deep.equal([['held', 'name']]);
    await world.update(id, { name: 'Grace' });
    await world.rest();
    await expectAgreement(world);
  });

  it('is only kept where the field is never sent', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(initcap);
    const lane = world.worker({ integration: withRules(world.integration, { direction: 'pull' }) });
    const before = writes().length;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'ada king' });
    await world.rest(lane);
    expect((await row(id)).name).to.equal('Ada King');
    expect(writes().length).to.equal(before);
  });

  it('may be one that is never the same twice: it goes back once for each edit', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(triggerSql('odd', `new.name := new.name || '!'; return new;`));
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Ada' });
    await world.rest();
    expect((await row(id)).name).to.equal('Ada!');
    expect(there(externalId)).to.equal('Ada!');
    expect(writes().length).to.equal(2);
  });

  it('may be an email, too', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(
      triggerSql('plain', `new.email := regexp_replace(new.email, '\\+.*@', '@'); return new;`),
    );
    world.simulator.dashboard.updateCustomer(externalId, { email: 'ada+stripe@example.com' });
    await world.rest();
    expect((await row(id)).email).to.equal('ada@example.com');
    await expectAgreement(world);
  });
});
