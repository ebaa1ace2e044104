import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { planFirstLink } from '../../../lib/operations/link-plan.ts';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

describe('records that Stripe has in its own way', () => {
  const world = useTwoWay();

  for (const id of ['founder@example.com', 'acme.42', 'a/b', '../subscriptions', '客户 ７', '50%']) {
    it(`the customer ${JSON.stringify(id)} comes in, is edited on both sides, and is deleted`, async () => {
      world.simulator.dashboard.createCustomer({ id, name: 'Theirs', email: 'one@example.com' });
      await world.rest();
      const customer = await rowOf(id);
      await world.update(customer, { name: 'Ours' });
      await world.rest();
      expect(world.simulator.customers()[0]).to.include({ id, name: 'Ours' });
      world.simulator.dashboard.updateCustomer(id, { name: 'Theirs again' });
      await world.rest();
      expect(await readCustomer(world.db, customer)).to.include({ name: 'Theirs again' });
      await world.remove(customer);
      await world.rest();
      expect(world.simulator.customers()).to.deep.equal([]);
      expect(await mappingOf(world.db, customer)).to.include({ state: 'tombstoned' });
      await expectAgreement(world);
    });
  }

  it('a row that waits for the first link gets the customer of a test clock, and no second one', async () => {
    const row = await waitingRow(world, { name: 'Ada', email: 'ada@example.com' });
    const record = ofClock({ name: 'Ada', email: 'ada@example.com' });
    const plan = await planFirstLink(world.deps);
    expect([...plan.pairs.values()].map(({ customer, externalId }) => [customer, externalId])).to.deep.equal([
      [row.id, record],
    ]);
    await consentToAll(world);
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'linked', externalId: record });
    expect(world.simulator.customers()).to.have.length(1);
    await expectAgreement(world);
  });

  it('a linked customer of a test clock is compared like any other, and is not taken for absent', async () => {
    const record = ofClock({ name: 'Bo', email: 'bo@example.com' });
    await world.rest();
    await rowOf(record);
    const report = await compareAll(world.deps);
    expect(report.agree).to.equal(1);
    expect(report.findings).to.deep.equal([]);
  });

  async function rowOf(externalId: string): Promise<number> {
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select internal_id as id from external_mappings where external_id = :externalId and state = 'linked'`,
      { externalId },
    );
    expect(rows, externalId).to.have.length(1);
    return rows[0]?.id ?? 0;
  }

  function ofClock(values: { name: string; email: string }): string {
    const clock = world.simulator.dashboard.createTestClock({ frozen_time: 1_577_836_800 });
    return world.simulator.dashboard.createCustomer({ ...values, test_clock: clock.id }).id;
  }
});
