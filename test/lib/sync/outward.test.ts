import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
import { useSync } from '../../support/sync.ts';

describe('outward', () => {
  const world = useSync();

  it('makes a Stripe customer of a new row, and links the pair', async () => {
    const made = await world.create({ name: 'Ada Lovelace', email: 'ada@example.com' });
    await world.run();
    const [theirs] = world.simulator.customers();
    expect(theirs).to.include({ name: 'Ada Lovelace', email: 'ada@example.com' });
    const read = await readCustomer(world.db, made.id);
    expect(read?.mappings).to.deep.equal([
      { system: 'stripe', externalId: theirs?.id, state: 'linked', reason: null },
    ]);
    expect(await outcomes()).to.deep.equal([['customer.created', 'applied']]);
  });

  async function outcomes() {
    const { rows } = await world.db.raw(
      `select event_type, status from sync_deliveries order by sync_event_id`,
    );
    return rows.map((row: { event_type: string; status: string }) => [row.event_type, row.status]);
  }
});
