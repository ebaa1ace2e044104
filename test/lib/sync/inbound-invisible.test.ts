import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const NOTHING_VISIBLE = '\u200b\u2060 \u3164';

describe('inbound: a name without a visible character', () => {
  const world = useTwoWay();

  it('is taken like a missing one: the part before the @ stands in for it', async () => {
    world.simulator.dashboard.createCustomer({ name: NOTHING_VISIBLE, email: 'grace@example.com' });
    await world.rest();
    const [row] = await listCustomers(world.db, { limit: 10 });
    expect(row).to.include({ name: 'grace', email: 'grace@example.com' });
    await expectAgreement(world);
  });

  it('does not overwrite ours, and the refused value is a conflict that a person finds', async () => {
    const pair = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    world.simulator.dashboard.updateCustomer(pair.externalId, { name: NOTHING_VISIBLE });
    await world.rest();
    expect(await readCustomer(world.db, pair.id)).to.include({ name: 'Ada', email: 'ada@example.com' });
    expect((await conflictsOf(world.db, pair.id)).map(({ kind, field }) => [kind, field])).to.deep.equal([
      ['null_refused', 'name'],
    ]);
    await expectAgreement(world);
  });

  it('comes in with its other characters where something can be seen', async () => {
    const pair = await linkedPair(world, { name: 'Eve', email: 'eve@example.com' });
    world.simulator.dashboard.updateCustomer(pair.externalId, { name: 'Eve\u202e \u200bX' });
    await world.rest();
    expect(await readCustomer(world.db, pair.id)).to.include({ name: 'Eve\u202e \u200bX' });
    await expectAgreement(world);
  });
});
