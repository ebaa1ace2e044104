import { expect } from 'chai';
import { listCustomers } from '../../../db/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { useTwoWay } from '../../support/two-way.ts';

describe('inward', () => {
  const world = useTwoWay();

  it('makes a row of a new Stripe customer, and writes our mark back', async () => {
    const theirs = world.simulator.dashboard.createCustomer({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    });
    await world.rest();
    const [row] = await listCustomers(world.db, { limit: 10 });
    expect(row).to.include({ name: 'Ada Lovelace', email: 'ada@example.com', version: 1 });
    expect(row?.mappings).to.deep.equal([
      { system: 'stripe', externalId: theirs.id, state: 'linked', reason: null },
    ]);
    expect(Object.values(world.simulator.customers()[0]?.metadata ?? {})).to.deep.equal([
      row?.createdEventId,
    ]);
    expect(world.calls()).to.deep.equal(['GET /v1/customers/cus', 'POST /v1/customers/cus']);
    await expectAgreement(world);
  });
});
