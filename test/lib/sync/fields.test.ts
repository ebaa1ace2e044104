import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { FieldRule } from '../../../lib/catalogue/document.ts';
import type { Lane } from '../../../workers/lane.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

describe('a field by its rule', () => {
  const world = useTwoWay();

  /** Workers to whom the rules of one field are these. */
  function ruled(field: string, changes: Partial<FieldRule>): { integration: Integration; lane: Lane } {
    const ruledBy = withRules(world.integration, changes);
    const fields = world.integration.document.fields.map((rule, index) =>
      rule.internal === field ? (ruledBy.document.fields[index] ?? rule) : rule,
    );
    const integration = { ...world.integration, document: { ...world.integration.document, fields } };
    return { integration, lane: world.worker({ integration }) };
  }

  const seen = () => ({ db: world.db, simulator: world.simulator, log: world.log });

  it('goes there as its transforms make it, and what comes back of it is no edit', async () => {
    const { integration, lane } = ruled('email', { compare: ['exact'], toExternal: ['lower'] });
    const { id } = await world.create({ name: 'Ada', email: 'Ada@Example.COM' });
    await world.rest(lane);
    expect(world.simulator.customers()[0]).to.include({ email: 'ada@example.com' });
    const calls = world.calls().length;
    await world.update(id, { email: 'ADA@example.com' });
    await world.rest(lane);
    expect(world.calls()).to.have.length(calls);
    expect(await readCustomer(world.db, id)).to.include({ email: 'ADA@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement({ ...seen(), integration });
  });

  it('comes here as its transforms make it, and does not go back', async () => {
    const { integration, lane } = ruled('name', { toInternal: ['singleSpaced'] });
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Ada   Lovelace' });
    const calls = world.calls().length;
    await world.rest(lane);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada Lovelace' });
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    await expectAgreement({ ...seen(), integration });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Grace' });
    await world.rest(lane);
    await expectAgreement(world);
  });

  it('that an edit of ours makes too long for them stays as it is at the system, and is reported once, until it fits', async () => {
    const { lane } = ruled('name', { maxLength: 5 });
    const { id } = await linkedPair(world, { name: 'Ada' });
    await world.update(id, { name: 'Ada Lovelace', email: 'new@x.test' });
    await world.rest(lane);
    expect(world.simulator.customers()[0]).to.include({ name: 'Ada', email: 'new@x.test' });
    expect((await mappingOf(world.db, id)).shadow['name']).to.deep.equal({
      ours: 'Ada Lovelace',
      theirs: 'Ada',
      reason: 'cannot_carry',
    });
    const [told, ...more] = await conflictsOf(world.db, id);
    expect(told).to.include({ kind: 'cannot_carry', field: 'name', ours: 'Ada Lovelace', winner: 'neither' });
    expect(more).to.deep.equal([]);
    await world.notify(id);
    await world.rest(lane);
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    await world.update(id, { name: 'Grace' });
    await world.rest(lane);
    expect(world.simulator.customers()[0]).to.include({ name: 'Grace' });
    await expectAgreement(world);
  });

  it('that is too long for them from the start is left out of the create', async () => {
    const { lane } = ruled('name', { maxLength: 5 });
    const { id } = await world.create({ name: 'Ada Lovelace', email: 'ada@x.test' });
    await world.rest(lane);
    expect(world.simulator.customers()).to.have.length(1);
    expect(world.simulator.customers()[0]).to.include({ name: null, email: 'ada@x.test' });
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['cannot_carry']);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
    await expectAgreement(world);
  });

  it('that is only pulled stays as it is here when they empty it, with a conflict', async () => {
    const { lane } = ruled('name', { direction: 'pull' });
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const { version } = (await readCustomer(world.db, id)) ?? { version: 0 };
    world.simulator.dashboard.updateCustomer(externalId, { name: null });
    await world.rest(lane);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada', version });
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['null_refused']);
    await expectAgreement(world);
  });
});
