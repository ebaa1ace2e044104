import { expect } from 'chai';
import type { OwnTransform } from '../../../lib/catalogue/transforms.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { raiseUncarried } from '../../../db/mappings/dirty.ts';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay, type TwoWayWorld } from '../../support/two-way.ts';

const asIs = (text: string): string => text;

/** As a program may be written that no type has checked. */
function spoilt(way: keyof OwnTransform, spoil: (text: string) => unknown): OwnTransform {
  const change = (text: string): string => (text.startsWith('Bad') ? (spoil(text) as string) : text);
  return { toExternal: asIs, toInternal: asIs, [way]: change };
}

function withTransform({ integration }: TwoWayWorld, own: OwnTransform): Integration {
  const fields = integration.document.fields.map((rule) =>
    rule.internal === 'name' ? { ...rule, toExternal: ['own'], toInternal: ['own'], own: { own } } : rule,
  );
  return { ...integration, document: { ...integration.document, fields } };
}

const WAYS_TO_FAIL: [string, (text: string) => unknown, string][] = [
  ['throws', () => raise(new TypeError('no such plan')), 'has thrown TypeError: no such plan'],
  ['throws what quotes the value', (text) => raise(new Error(`cannot read "${text}"`)), 'has thrown Error'],
  ['throws null', () => raise(null), 'has thrown what is no error'],
  ['makes nothing', () => undefined, 'has made something else than a text'],
  ['makes half of a surrogate pair', () => '\ud800', 'has made a text that no table can hold'],
  ['makes a NUL character', () => 'a\0b', 'has made a text that no table can hold'],
];

function raise(error: unknown): never {
  throw error;
}

/** A value that a transform of the user's own cannot carry over. */
describe('a value that a transform cannot carry', () => {
  const world = useTwoWay();

  for (const [how, spoil, says] of WAYS_TO_FAIL) {
    it(`parks the pair at once and says why, where our row has it and the transform ${how}`, async () => {
      const { id } = await linkedPair(world, { name: 'Ada' });
      const lane = world.worker({ integration: withTransform(world, spoilt('toExternal', spoil)) });
      await world.update(id, { name: 'Bad Byron' });
      await world.rest(lane);
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'parked', reason: 'transform_failed' });
      expect(mapping.reasonDetail).to.deep.include({ transform: 'own', way: 'toExternal', field: 'name' });
      expect(mapping.reasonDetail?.['message']).to.include(says);
      expect(JSON.stringify(mapping.reasonDetail)).to.not.include('Byron');
      expect(world.simulator.customers()[0]).to.include({ name: 'Ada' });
      await world.update(id, { name: 'Grace' });
      await world.rest(lane);
      expect(world.simulator.customers()[0]).to.include({ name: 'Grace' });
      await expectAgreement(world);
    });

    it(`parks the pair at once, where their record has it and the transform ${how}`, async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Ada' });
      const lane = world.worker({ integration: withTransform(world, spoilt('toInternal', spoil)) });
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Bad Byron' });
      await world.rest(lane);
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'parked', reason: 'transform_failed' });
      expect(mapping.reasonDetail).to.deep.include({ transform: 'own', way: 'toInternal', field: 'name' });
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ada' });
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Grace' });
      await world.rest(lane);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Grace' });
      await expectAgreement(world);
    });
  }

  const throwing = (way: keyof OwnTransform): OwnTransform =>
    spoilt(way, () => raise(new Error('no such plan')));

  it('parks a row without a record too, and nothing is created for it', async () => {
    const lane = world.worker({ integration: withTransform(world, throwing('toExternal')) });
    const { id } = await world.create({ name: 'Bad Byron' });
    await world.rest(lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'transform_failed' });
    expect(world.simulator.customers()).to.have.length(0);
  });

  it('ends a request that is answered with it, and parks the pair after that', async () => {
    const lane = world.worker({ integration: withTransform(world, throwing('toInternal')) });
    const { id } = await world.create({ name: 'Bad Byron' });
    await world.rest(lane);
    const mapping = await mappingOf(world.db, id);
    expect(mapping).to.include({ state: 'parked', reason: 'transform_failed', intent: null });
    expect(world.simulator.customers()).to.have.length(1);
    expect(mapping.externalId).to.equal(world.simulator.customers()[0]?.id);
  });

  it('does not keep back the deletion of our row', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const lane = world.worker({ integration: withTransform(world, throwing('toInternal')) });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Bad Byron' });
    await world.rest(lane);
    await world.remove(id);
    await world.rest(lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
    expect(world.simulator.customers()).to.have.length(0);
  });

  it('is tried again by a process with a corrected transform, on its own', async () => {
    const ours = await linkedPair(world, { name: 'Ada' });
    const theirs = await linkedPair(world, { name: 'Grace' });
    const { toExternal } = throwing('toExternal');
    const lane = world.worker({
      integration: withTransform(world, { ...throwing('toInternal'), toExternal }),
    });
    await world.update(ours.id, { name: 'Bad Byron' });
    world.simulator.dashboard.updateCustomer(theirs.externalId, { name: 'Bad Brontë' });
    await world.rest(lane);
    for (const { id } of [ours, theirs])
      expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'transform_failed' });
    expect(await raiseUncarried(world.db, 'stripe', world.clock.now())).to.equal(2);
    await world.rest();
    expect(await readCustomer(world.db, theirs.id)).to.include({ name: 'Bad Brontë' });
    expect(world.simulator.customers().map(({ name }) => name)).to.include('Bad Byron');
    await expectAgreement(world);
  });

  it('is listed by verify, which goes on with the others, and explained', async () => {
    const { id } = await linkedPair(world, { name: 'Bad Byron' });
    await linkedPair(world, { name: 'Grace' });
    const integration = withTransform(world, throwing('toInternal'));
    const deps = { ...world.deps, integration };
    const report = await compareAll(deps);
    expect(report.agree).to.equal(1);
    expect(report.findings).to.have.length(1);
    expect(report.findings[0]).to.include({ kind: 'parked', customer: id, why: 'transform_failed' });
    await world.notify(id);
    const explained = await explain(deps, { customer: id }, { read: true, system: null });
    expect(explained?.pairs).to.have.length(1);
  });
});
