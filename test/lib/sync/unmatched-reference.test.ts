import { expect } from 'chai';
import { customer } from '../../../lib/catalogue/built-in.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createShopWorld, type ShopSide, type ShopWorld } from '../../support/shop/world.ts';

describe('a new record that names another record', () => {
  let world: ShopWorld;
  let side: ShopSide;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    const database = await createTestDatabase();
    world = await createShopWorld(database.db, ['shop']);
    [side] = world.sides as [ShopSide];
    drop = async () => {
      await world.close();
      await database.db.destroy();
      await database.drop();
    };
  });
  afterEach(() => drop());

  async function pairOf(externalId: string): Promise<object | undefined> {
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select state, reason, internal_id is not null as "hasRow" from external_mappings where external_id = :externalId`,
      { externalId },
    );
    return rows[0];
  }

  it('waits while the named record has no row, and becomes a row once it has one', async () => {
    side.mail.plan('late');
    const person = side.shop.add('people', { name: 'Ada', email: 'ada@example.com' });
    const made = side.shop.add('orders', { number: 'N-1', customer: person.id });
    await world.rest();
    side.mail.bringLate();
    await world.rest();
    expect(await pairOf(made.id)).to.deep.equal({ state: 'linked', reason: null, hasRow: true });
  });

  it('waits with a reason where the row of the named record was deleted, and holds up no worker', async () => {
    const { id } = await world.create(customer, { name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    const [person] = side.shop.records('people');
    side.mail.plan('late');
    const made = side.shop.add('orders', { number: 'N-1', customer: person!.id });
    await world.rest();
    await world.remove(customer, id);
    await world.rest();
    side.mail.bringLate();
    await world.rest();
    expect(await pairOf(made.id)).to.deep.equal({ state: 'waiting', reason: 'reference', hasRow: false });
    const calls = side.shop.calls().length;
    await world.rest();
    expect(side.shop.calls()).to.have.length(calls);
  });
});
