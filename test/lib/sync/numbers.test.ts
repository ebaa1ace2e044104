import { expect } from 'chai';
import { createCustomerStore } from '../../../lib/customers/customers.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';

describe('numbers that are given out a second time', () => {
  const world = useTwoWay();
  const newestEvent = async (): Promise<number> => {
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>('select max(id) as id from sync_events');
    return rows[0]?.id ?? 0;
  };
  /** As a relay does that has published everything. */
  const setBack = async (sequence: string): Promise<number> => {
    const newest = await newestEvent();
    await world.db.raw('select raise_relay_floor(:newest)', { newest });
    await world.db.raw('select setval(:sequence::text::regclass, 1)', { sequence });
    return newest;
  };

  it('do not let a webhook be answered whose event the relay would never see', async () => {
    const { id, externalId } = await linkedPair(world);
    const newest = await setBack('sync_event_ids');
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Changed there' });
    expect(await world.deliver()).to.deep.equal(['stored']);
    expect(await newestEvent()).to.be.above(newest);
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>(
      'select name from customers where id = :id',
      { id },
    );
    expect(rows).to.deep.equal([{ name: 'Changed there' }]);
  });

  it('do not keep a customer that was made there from becoming a row', async () => {
    for (let n = 0; n < 3; n += 1) await linkedPair(world);
    await setBack('customers_id_seq');
    await setBack('external_mappings_id_seq');
    world.simulator.dashboard.createCustomer({ name: 'Made there', email: 'made@there.example' });
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { state: string }[] }>(
      `select m.state from customers c join external_mappings m on m.internal_id = c.id where c.name = 'Made there'`,
    );
    expect(rows).to.deep.equal([{ state: 'linked' }]);
  });

  it('cause no answer of 500 and no lost rows of an import: as many creates as there are ids in the way', async () => {
    const { db, clock } = world;
    const store = createCustomerStore({ entity: customerEntity, db, clock, nudge: () => undefined });
    await setBack('customers_id_seq');
    const create = (n: number) =>
      store.create({ name: `New ${n}`, email: `new${n}@example.org` }, { context: {} });
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => create(n)));
    expect(new Set(made.map(({ outcome }) => outcome))).to.deep.equal(new Set(['created']));
  });
});
