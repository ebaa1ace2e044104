import { expect } from 'chai';
import { chooseAmong } from '../../../lib/sync/record-activity.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { subscribe } from '../../support/subscriptions.ts';

describe('records with one email are distinguished by how they are used', () => {
  const world = useTwoWay();
  const made = (name: string): string =>
    world.simulator.dashboard.createCustomer({ name, email: 'ada@example.com' }).id;
  const choose = (...ids: string[]) => chooseAmong(world.deps, ids);

  it('by a subscription that lives there', async () => {
    const [old, paid] = [made('Old'), made('Paid')];
    await subscribe(world, paid);
    expect(await choose(old, paid)).to.deep.equal({
      externalId: paid,
      over: [{ externalId: old, by: 'subscription' }],
    });
  });

  it('by the newest change that was received, and not by the echo of our own write', async () => {
    const { externalId: ours } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    const used = made('Used');
    world.advance(60_000);
    world.simulator.dashboard.updateCustomer(used, { phone: '1' });
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>('select id from customers');
    world.advance(60_000);
    await world.update(rows[0]!.id, { name: 'Ada L.' });
    await world.rest();
    expect(await choose(ours, used)).to.deep.equal({
      externalId: used,
      over: [{ externalId: ours, by: 'activity' }],
    });
  });

  it('by age where nothing else is known, and a record that is gone is none of them', async () => {
    const gone = made('Gone');
    world.advance(1_000);
    const old = made('Old');
    world.advance(1_000);
    const young = made('Young');
    world.simulator.dashboard.deleteCustomer(gone);
    expect(await choose(young, gone, old)).to.deep.equal({
      externalId: old,
      over: [{ externalId: young, by: 'age' }],
    });
    expect(await choose(gone)).to.equal(null);
  });
});
