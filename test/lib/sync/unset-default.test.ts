import { expect } from 'chai';
import { readRow } from '../../../db/entities/rows.ts';
import type { Value } from '../../../lib/catalogue/value.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

const { entity, document } = ownCatalogue({
  entities: { customer: { fields: { tax: { type: 'enum', values: ['none', 'exempt', 'reverse'] } } } },
  systems: { stripe: { customer: { fields: [{ internal: 'tax', external: 'tax_exempt' }] } } },
});

describe('a field that is never empty at the system: unset, tax_exempt is none', () => {
  const world = useTwoWay({ entity, document });

  const tax = async (id: number): Promise<Value> =>
    (await readRow(world.db, entity, id))?.fields['tax'] ?? null;
  const there = (externalId: string) =>
    world.simulator.customers().find(({ id }) => id === externalId)?.tax_exempt;
  async function linked(values: Record<string, Value>): Promise<{ id: number; externalId: string }> {
    const { id } = await world.create({ name: 'Ada', ...values });
    await world.rest();
    return { id, externalId: (await mappingOf(world.db, id)).externalId ?? expect.fail('not linked') };
  }
  /** A second look makes one read, and the comparison finds nothing. */
  async function expectRest(id: number): Promise<void> {
    const calls = world.calls().length;
    await world.notify(id);
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  }

  it('agrees with a row that has no value, and nothing is pulled or sent', async () => {
    const { id, externalId } = await linked({});
    expect([await tax(id), there(externalId)]).to.deep.equal([null, 'none']);
    await expectRest(id);
  });

  it('is unset by an emptied value of ours, which stays empty', async () => {
    const { id, externalId } = await linked({ tax: 'reverse' });
    await world.update(id, { tax: null });
    await world.rest();
    expect([await tax(id), there(externalId)]).to.deep.equal([null, 'none']);
    await expectRest(id);
  });

  it('is pulled like any other value once somebody changes it there', async () => {
    const { id, externalId } = await linked({});
    for (const value of ['exempt', 'none'] as const) {
      world.simulator.dashboard.updateCustomer(externalId, { tax_exempt: value });
      await world.rest();
      expect(await tax(id)).to.equal(value);
    }
    await expectRest(id);
  });
});
