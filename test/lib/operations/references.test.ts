import { expect } from 'chai';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { createExplainer } from '../../support/explainer.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const { entity, document } = ownCatalogue({
  entities: { customer: { fields: { parent: { type: 'reference', entity: 'customer' } } } },
  systems: { stripe: { customer: { fields: [{ internal: 'parent', external: 'metadata.parent' }] } } },
});

describe('a field that names another row', () => {
  const world = useTwoWay({ entity, document });
  const { one } = createExplainer(world);

  async function family(): Promise<{ child: number; parent: number; record: string; parentRecord: string }> {
    const { id: parent, externalId: parentRecord } = await linkedPair(world, {
      name: 'P',
      email: 'p@example.com',
    });
    const { id: child } = await world.create({ name: 'C', email: 'c@example.com', parent });
    await world.rest();
    const record = (await mappingOf(world.db, child)).externalId ?? '';
    return { child, parent, record, parentRecord };
  }

  it('agrees in a comparison by the id of the record that the named row has', async () => {
    const { record, parentRecord } = await family();
    expect(world.simulator.customers().find(({ id }) => id === record)?.metadata).to.include({
      parent: parentRecord,
    });
    expect(await compareAll(world.deps)).to.deep.include({ agree: 2, findings: [] });
  });

  it('drifts where the record names another one', async () => {
    const { child, record } = await family();
    world.simulator.dashboard.updateCustomer(record, { metadata: { parent: 'cus_other' } });
    const { findings } = await compareAll(world.deps);
    expect(findings).to.have.length(1);
    expect(findings[0]).to.include({ kind: 'drift', customer: child, why: 'parent' });
  });

  it('is explained by the same ids: nothing would be changed', async () => {
    const { child, parentRecord } = await family();
    for (const read of [false, true]) {
      const pair = await one(child, { read });
      expect(pair.effect).to.deep.equal({ would: 'nothing', why: 'both sides agree' });
      expect(pair.fields.find(({ field }) => field === 'parent')).to.include({
        ...{ ours: parentRecord, known: parentRecord, differs: false },
      });
    }
  });
});
