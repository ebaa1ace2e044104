import { expect } from 'chai';
import type { Fields } from '../../lib/catalogue/document.ts';
import { workInChild } from '../support/shop/killed.ts';
import type { Fate } from '../support/shop/server.ts';
import { PAID, REQUESTS, useOrders } from '../support/shop/several.ts';
import { order } from '../support/shop/world.ts';

const HOUR = 3_600_000;

describe('a change that needs several requests, and is interrupted', function () {
  this.timeout(240_000);
  const orders = useOrders();

  for (const fate of ['lost', 'answer_lost'] as const)
    for (const at of REQUESTS.keys())
      it(`ends in agreement, each request once, if request ${at + 1} has ${fate === 'lost' ? 'not arrived' : 'no answer'}`, async () => {
        let n = 0;
        orders.onWrite = () => (n++ === at ? fate : 'done');
        let id = 0;
        const effects = await orders.effectsOf(async () => {
          id = await orders.make(PAID);
          await orders.restOver(HOUR);
        });
        expect(effects).to.deep.equal(REQUESTS);
        expect(await orders.agreed(id)).to.deep.equal(PAID);
      });

  const meanwhile: Record<string, { edit: (id: number) => Promise<unknown>; ends: Fields }> = {
    'our row is edited': {
      edit: (id) => orders.world().update(order, id, { amount: 99 }),
      ends: { ...PAID, amount: 99 },
    },
    'our row takes another way': {
      edit: (id) => orders.world().update(order, id, { state: 'void' }),
      ends: { ...PAID, state: 'void' },
    },
    'the record is edited': {
      edit: async (id) => orders.shop().edit((await orders.recordOf(id)).id, { currency: 'usd' }),
      ends: { ...PAID, currency: 'usd' },
    },
  };
  for (const [what, { edit, ends }] of Object.entries(meanwhile))
    it(`ends in agreement if ${what} before the second request is carried out`, async () => {
      const id = await orders.make(PAID);
      let n = 0;
      orders.onWrite = async (): Promise<Fate> => {
        if (n++ === 1) await edit(id);
        return 'done';
      };
      const effects = await orders.effectsOf(() => orders.restOver(HOUR));
      expect(new Set(effects).size, effects.join()).to.equal(effects.length);
      expect(await orders.agreed(id)).to.deep.equal(ends);
    });

  it('reads the record, and is refused, if people open it before a request about a draft arrives', async () => {
    const id = await orders.make({ ...PAID, state: 'draft' });
    await orders.world().rest();
    await orders.world().update(order, id, { amount: 1 });
    orders.onWrite = async (): Promise<Fate> => {
      const { id: there, fields } = await orders.recordOf(id);
      if (fields['state'] === 'draft') orders.shop().edit(there, { state: 'open' });
      return 'done';
    };
    expect(await orders.effectsOf(() => orders.restOver(HOUR))).to.deep.equal([]);
    expect((await orders.conflictsOf(id)).map((each) => each['kind'])).to.deep.equal(['refused']);
    expect((await orders.world().read(order, id))?.fields).to.include({ amount: 1, state: 'open' });
  });

  for (const who of ['our row', 'the record'])
    it(`ends without a record if ${who} is deleted between two requests`, async () => {
      const id = await orders.make(PAID);
      let n = 0;
      orders.onWrite = async (): Promise<Fate> => {
        if (n++ !== 1) return 'done';
        if (who === 'our row') await orders.world().remove(order, id);
        else orders.shop().remove((await orders.recordOf(id)).id);
        return 'done';
      };
      const number = (await orders.world().read(order, id))?.fields['number'];
      await orders.restOver(HOUR);
      expect(
        orders
          .shop()
          .records('orders')
          .filter(({ fields }) => fields['number'] === number),
      ).to.deep.equal([]);
      expect((await orders.world().read(order, id))?.deletedAt ?? null).to.not.equal(null);
    });

  it('ends in agreement, each request once, if the worker is killed at any failpoint on the way', async () => {
    await orders.make(PAID);
    const passed = await workInChild(orders.database, orders.world(), orders.side());
    const names = [...new Set(passed)].filter((name) => name !== 'reconcile.not_converging');
    for (const name of names) {
      // Between the requests, where the point is passed there.
      const pass = Math.min(3, passed!.filter((each) => each === name).length);
      let id = 0;
      const effects = await orders.effectsOf(async () => {
        id = await orders.make(PAID);
        expect(
          await workInChild(orders.database, orders.world(), orders.side(), `${name}=kill@${pass}`),
          name,
        ).to.equal(null);
        await orders.restOver(HOUR);
      });
      expect(effects, `killed at ${name}`).to.deep.equal(REQUESTS);
      expect(await orders.agreed(id), `killed at ${name}`).to.deep.equal(PAID);
    }
  });
});
