import { expect } from 'chai';
import { createTestDatabase } from '../../support/database.ts';
import { calm } from '../../support/shop/trouble.ts';
import { createShopWorld, order, type ShopWorld } from '../../support/shop/world.ts';

describe('the sweep of a system with two kinds of records', () => {
  let world: ShopWorld;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    const database = await createTestDatabase();
    world = await createShopWorld(database.db, ['shop']);
    drop = async () => {
      await world.close();
      await database.db.destroy();
      await database.drop();
    };
  });
  afterEach(() => drop());

  it('brings a lost event about an order to the row of that order, and makes nothing else of it', async () => {
    const [side] = world.sides as [ShopWorld['sides'][0]];
    const { id } = await world.create(order, { number: 'N-1', currency: 'eur', amount: 1 });
    await world.rest();
    const [record] = side.shop.records('orders');
    side.mail.plan('never');
    side.shop.edit(record!.id, { currency: 'usd' });
    await calm(world, side);
    expect((await world.read(order, id))?.fields).to.include({ currency: 'usd' });
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select entity_type, external_type from external_mappings`,
    );
    expect(rows).to.deep.equal([{ entity_type: 'order', external_type: 'orders' }]);
  });
});
