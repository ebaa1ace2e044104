import { expect } from 'chai';
import { compareAll } from '../../lib/operations/comparison.ts';
import { depsOfKind } from '../../lib/sync/kinds.ts';
import { MOST_PARTS } from '../../lib/sync/unending.ts';
import { nextOfOrder } from '../support/shop/orders.ts';
import type { Fate } from '../support/shop/server.ts';
import { PAID, REQUESTS, useOrders } from '../support/shop/several.ts';
import { order } from '../support/shop/world.ts';

const HOUR = 3_600_000;

describe('a change that needs several requests', function () {
  this.timeout(120_000);
  const orders = useOrders();

  const deliveriesOf = async (id: number): Promise<string[]> =>
    (
      await orders.rows<{ status: string }>(
        `select d.status from sync_deliveries d join external_mappings m on m.id = d.mapping_id
         where m.internal_id = :id and m.entity_type = 'order' and d.inbound is null`,
        { id },
      )
    ).map(({ status }) => status);

  it('is sent request after request without a back-off, each an intent of its own', async () => {
    let id = 0;
    const delivered: string[] = [];
    orders.onWrite = async (): Promise<Fate> => {
      delivered.push(...(await deliveriesOf(id)));
      return 'done';
    };
    const effects = await orders.effectsOf(async () => {
      id = await orders.make(PAID);
      await orders.world().rest();
    });
    expect(delivered, 'at each request').to.deep.equal(REQUESTS.map(() => 'queued'));
    expect(await deliveriesOf(id)).to.deep.equal(['applied']);
    expect(effects).to.deep.equal(REQUESTS);
    expect(await orders.agreed(id)).to.deep.equal(PAID);
    const intents = await orders.rows<{ names: string[]; body: { as?: string } }>(
      `select array(select jsonb_object_keys(i.fields) order by 1) as names, i.body from sync_intents i
       join external_mappings m on m.id = i.mapping_id where m.internal_id = :id and m.entity_type = 'order' order by i.number`,
      { id },
    );
    expect(intents.slice(1).map(({ names, body }) => [names.join(), body.as])).to.deep.equal([
      ['lines', 'lines'],
      ['state', 'open'],
      ['state', 'paid'],
    ]);
  });

  it('that the record forbids is a conflict, costs no call, and is sent once the record allows it', async () => {
    const id = await orders.make({ ...PAID, state: 'open' });
    await orders.world().rest();
    await orders.world().update(order, id, { amount: 5000, ordered_on: '2026-02-02' });
    expect(await orders.effectsOf(() => orders.world().rest())).to.deep.equal(['PATCH /orders']);
    const { fields: theirs, id: externalId } = await orders.recordOf(id);
    expect(theirs).to.include({ amount: 4200, ordered_on: '2026-02-02' });
    expect(await orders.conflictsOf(id)).to.deep.equal([
      {
        kind: 'refused',
        field: 'amount',
        ours: 5000,
        theirs: 4200,
        rule: 'order_open',
        winner: 'neither',
        ours_from: 'internal',
        theirs_from: 'shop',
      },
    ]);
    const { findings } = await compareAll(depsOfKind(orders.side().deps, 'order')!);
    expect(findings.filter(({ externalId: about }) => about === externalId)).to.deep.include.members([
      {
        ...{ kind: 'held', mapping: (await orders.pairOf(id)).id, customer: id, externalId },
        ...{ why: 'amount', fields: ['amount'] },
      },
    ]);
    const calls = orders.shop().calls().length;
    await orders.restOver(HOUR);
    expect(orders.shop().calls().length, 'calls while it is refused').to.equal(calls);
    orders.shop().edit(externalId, { state: 'draft' });
    await orders.world().rest();
    expect(await orders.agreed(id)).to.include({ amount: 5000, state: 'draft' });
    expect(await orders.conflictsOf(id)).to.have.length(1);
  });

  it('that the record forbids gives way to the next edit of theirs', async () => {
    const id = await orders.make({ ...PAID, state: 'open' });
    await orders.world().rest();
    await orders.world().update(order, id, { amount: 1 });
    await orders.world().rest();
    orders.shop().edit((await orders.recordOf(id)).id, { amount: 2 });
    await orders.world().rest();
    expect(await orders.agreed(id)).to.include({ amount: 2 });
  });

  it('waits with its reason while no record can be made of the row', async () => {
    orders.next = (question) =>
      question.theirs === null && (question.ours['amount'] ?? null) === null
        ? { refuse: { field: question.push[0]!, reason: 'no_amount' } }
        : nextOfOrder(question);
    let id = 0;
    const none = await orders.effectsOf(async () => {
      id = await orders.make({ state: 'draft' });
      await orders.restOver(HOUR);
    });
    expect(none).to.deep.equal([]);
    expect(await orders.pairOf(id)).to.include({ state: 'waiting', reason: 'refused' });
    await orders.world().update(order, id, { amount: 7 });
    await orders.world().rest();
    expect(await orders.agreed(id)).to.include({ amount: 7 });
  });

  it('whose requests never end is parked with its reason, and its echoes begin nothing', async () => {
    const id = await orders.make({ ...PAID, state: 'draft' });
    await orders.world().rest();
    orders.next = ({ theirs }) => ({ carry: { amount: Number(theirs?.['amount'] ?? 0) + 1 } });
    await orders.world().update(order, id, { amount: 1 });
    expect(await orders.effectsOf(() => orders.restOver(HOUR))).to.have.length(MOST_PARTS);
    expect(await orders.pairOf(id)).to.include({ state: 'parked', reason: 'unending' });
    orders.next = nextOfOrder;
    await orders.restOver(HOUR);
    expect((await orders.recordOf(id)).fields['amount']).to.equal(4200 + MOST_PARTS);
    await orders.raise([(await orders.pairOf(id)).id], true);
    await orders.world().rest();
    expect(await orders.agreed(id)).to.include({ amount: 1 });
  });
});
