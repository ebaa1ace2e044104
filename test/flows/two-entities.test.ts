import { expect } from 'chai';
import { customer } from '../../lib/catalogue/built-in.ts';
import { useDatabase } from '../support/database.ts';
import { createShopWorld, order, type ShopWorld } from '../support/shop/world.ts';

describe('two entities, one of which names the other, at a system', () => {
  const database = useDatabase();
  let world: ShopWorld;

  before('open the shop', async () => {
    world = await createShopWorld(database.db, ['shop']);
  });
  after('close it', () => world.close());

  const shop = () => world.sides[0]!.shop;
  let serial = 0;
  async function ada() {
    serial += 1;
    return world.create(customer, { name: `Ada ${serial}`, email: `ada${serial}@example.com` });
  }

  it('come there with every type of value, and the reference as the id of the record', async () => {
    const { id } = await ada();
    const values = { amount: 4200, currency: 'eur', ordered_on: '2026-02-28', state: 'open' };
    const lines = [{ sku: 'a', count: 2 }];
    await world.create(order, { number: 'A-1', customer: id, lines, ...values });
    await world.rest();
    const [person] = shop().records('people');
    const [made] = shop().records('orders');
    expect(made?.fields).to.deep.equal({ number: 'A-1', customer: person?.id, lines, ...values });
  });

  it('wait for the row that they name until it has its record', async () => {
    const { id } = await ada();
    await world.rest();
    const before = shop().records('orders').length;
    const later = await world.create(order, { number: 'A-2', customer: id });
    // As if the customer had no record there: it is created after the order was looked at.
    await world.db.raw(
      `update external_mappings set external_id = null, state = 'pending' where entity_type = 'customer' and internal_id = :id`,
      { id },
    );
    await world.rest();
    const [pair] = await pairsOf('order', later.id);
    expect(pair).to.include({ state: 'waiting', reason: 'reference' });
    expect(shop().records('orders')).to.have.length(before);
  });

  it('are made in one go, whatever their order, since the pair that waits is raised', async () => {
    const { id } = await ada();
    const made = await world.create(order, { number: 'A-3', customer: id });
    await world.rest();
    expect((await pairsOf('order', made.id))[0]).to.include({ state: 'linked' });
    const record = shop()
      .records('orders')
      .find(({ fields }) => fields['number'] === 'A-3');
    expect(record?.fields['customer']).to.match(/^people_/);
  });

  it('come from there: an order whose person is not known yet asks for the person first', async () => {
    const person = shop().add('people', { name: 'Grace', email: 'grace@example.com' });
    const made = shop().add('orders', {
      number: 'S-1',
      customer: person.id,
      amount: 100,
      currency: 'usd',
      state: 'paid',
    });
    await world.rest();
    const row = await rowOf('S-1');
    expect(row).to.include({ amount: 100, currency: 'usd', state: 'paid' });
    expect((await world.read(customer, Number(row?.['customer'])))?.fields['name']).to.equal('Grace');
    shop().edit(made.id, { amount: 250, state: null });
    await world.rest();
    expect(await rowOf('S-1')).to.include({ amount: 250, state: null });
  });

  it('keep a value that is none of the field on both sides, with a conflict', async () => {
    const made = shop().add('orders', { number: 'S-2', state: 'open', amount: 1 });
    await world.rest();
    shop().edit(made.id, { amount: 'a lot', state: 'gone' });
    await world.rest();
    expect(await rowOf('S-2')).to.include({ amount: 1, state: 'open' });
    expect(
      shop()
        .records('orders')
        .find(({ id }) => id === made.id)?.fields,
    ).to.include({ amount: 'a lot' });
    const { rows } = await world.db.raw<{ rows: { field: string; kind: string }[] }>(
      `select field, kind from sync_conflicts where entity_type = 'order' order by field`,
    );
    expect(rows).to.deep.equal([
      { field: 'amount', kind: 'cannot_take' },
      { field: 'state', kind: 'cannot_take' },
    ]);
  });

  it('agree after all that: another look calls nothing and writes nothing', async () => {
    await world.rest();
    const calls = shop().calls().length;
    const { rows: before } = await world.db.raw<{ rows: object[] }>(
      `select id, dirty, updated_at from external_mappings order by id`,
    );
    await world.rest();
    const { rows: after } = await world.db.raw<{ rows: object[] }>(
      `select id, dirty, updated_at from external_mappings order by id`,
    );
    expect([shop().calls().length, after]).to.deep.equal([calls, before]);
  });

  async function rowOf(number: string): Promise<Record<string, unknown> | undefined> {
    const { rows } = await world.db.raw<{ rows: { fields: Record<string, unknown> }[] }>(
      `select fields from entity_rows() where entity_type = 'order' and identity = :number`,
      { number },
    );
    return rows[0]?.fields;
  }

  async function pairsOf(entity: string, id: number): Promise<{ state: string; reason: string | null }[]> {
    const { rows } = await world.db.raw<{ rows: { state: string; reason: string | null }[] }>(
      `select state, reason from external_mappings where entity_type = :entity and internal_id = :id`,
      { entity, id },
    );
    return rows;
  }
});
