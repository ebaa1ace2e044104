import { expect } from 'chai';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { urgencies } from '../../db/urgency.ts';
import type { Fields } from '../../lib/catalogue/document.ts';
import type { NextQuestion } from '../../lib/integrations/next-request.ts';
import { compareAll } from '../../lib/operations/comparison.ts';
import { depsOfKind } from '../../lib/sync/kinds.ts';
import { MOST_PARTS } from '../../lib/sync/unending.ts';
import { useDatabase } from '../support/database.ts';
import { workInChild } from '../support/shop/killed.ts';
import { nextOfOrder } from '../support/shop/orders.ts';
import type { Fate } from '../support/shop/server.ts';
import { createShopWorld, order, type ShopWorld } from '../support/shop/world.ts';

const HOUR = 3_600_000;
const PAID = { amount: 4200, currency: 'eur', lines: [{ sku: 'a' }], state: 'paid' };
const REQUESTS = ['POST /orders', 'POST /orders/lines', 'POST /orders/open', 'POST /orders/paid'];

describe('a change that needs several requests', function () {
  this.timeout(240_000);
  const database = useDatabase();
  let world: ShopWorld;
  let onWrite: (what: string) => Fate | Promise<Fate>;
  let next: (question: NextQuestion) => ReturnType<typeof nextOfOrder>;
  let serial = 0;

  before('open a shop whose orders go step by step', async () => {
    world = await createShopWorld(database.db, ['shop'], {
      strict: 'shop',
      next: (question) => next(question),
      onWrite: (what) => onWrite(what),
    });
  });
  beforeEach('let it answer', () => {
    onWrite = () => 'done';
    next = nextOfOrder;
  });
  afterEach('look once more: no call is made, and no row written', async function () {
    if (this.currentTest?.state !== 'passed') return;
    const seen = await lookAgain();
    expect(await lookAgain()).to.deep.equal(seen);
  });
  after(() => world.close());

  const side = () => world.sides[0]!;
  const shop = () => side().shop;

  async function make(values: Fields): Promise<number> {
    return (await world.create(order, { number: `A-${(serial += 1)}`, ...values })).id;
  }
  /** The order as both sides have it, without its number; fails if they differ. */
  async function agreed(id: number): Promise<Fields> {
    const row = await world.read(order, id);
    const { number, customer: _, ...ours } = row!.fields;
    const there = shop()
      .records('orders')
      .filter(({ fields }) => fields['number'] === number);
    expect(there, 'records').to.have.length(1);
    const { number: __, ...theirs } = there[0]!.fields;
    expect(filled(theirs)).to.deep.equal(filled(ours));
    return filled(ours);
  }
  const recordOf = async (id: number) => {
    const number = (await world.read(order, id))?.fields['number'];
    return shop()
      .records('orders')
      .find(({ fields }) => fields['number'] === number)!;
  };
  async function restOver(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 600_000) {
      await world.rest();
      world.clock.advance(600_000);
    }
    await world.rest();
  }
  /** The writes that have an effect while this is done. */
  async function effectsOf(work: () => Promise<unknown>): Promise<string[]> {
    const before = shop().effects().length;
    await work();
    return shop().effects().slice(before);
  }

  it('is sent request after request without a back-off, each an intent of its own', async () => {
    let id = 0;
    const effects = await effectsOf(async () => {
      id = await make(PAID);
      await world.rest();
    });
    expect(effects).to.deep.equal(REQUESTS);
    expect(await agreed(id)).to.deep.equal(PAID);
    const intents = await rows<{ names: string[]; body: { as?: string } }>(
      `select array(select jsonb_object_keys(i.fields) order by 1) as names, i.body from sync_intents i
       join external_mappings m on m.id = i.mapping_id where m.internal_id = :id and m.entity_type = 'order' order by i.number`,
      { id },
    );
    expect(intents.slice(1).map(({ names, body }) => [names.join(), body.as])).to.deep.equal([
      ['lines', 'lines'],
      ['state', 'open'],
      ['state', 'paid'],
    ]);
    expect(
      await rows(
        `select status from sync_deliveries d join external_mappings m on m.id = d.mapping_id
      where m.internal_id = :id and m.entity_type = 'order' and d.inbound is null`,
        { id },
      ),
    ).to.deep.equal([{ status: 'applied' }]);
  });

  it('that the record forbids is a conflict, costs no call, and is sent once the record allows it', async () => {
    const id = await make({ ...PAID, state: 'open' });
    await world.rest();
    await world.update(order, id, { amount: 5000, ordered_on: '2026-02-02' });
    expect(await effectsOf(() => world.rest())).to.deep.equal(['PATCH /orders']);
    const { fields: theirs, id: externalId } = await recordOf(id);
    expect(theirs).to.include({ amount: 4200, ordered_on: '2026-02-02' });
    expect(await conflictsOf(id)).to.deep.equal([
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
    const { findings } = await compareAll(depsOfKind(side().deps, 'order')!);
    expect(findings.filter(({ externalId: about }) => about === externalId)).to.deep.include.members([
      { kind: 'held', mapping: await mappingOf(id), customer: id, externalId, why: 'amount' },
    ]);
    const calls = shop().calls().length;
    await restOver(HOUR);
    expect(shop().calls().length, 'calls while it is refused').to.equal(calls);
    shop().edit(externalId, { state: 'draft' });
    await world.rest();
    expect(await agreed(id)).to.include({ amount: 5000, state: 'draft' });
    expect(await conflictsOf(id)).to.have.length(1);
  });

  it('that the record forbids gives way to the next edit of theirs', async () => {
    const id = await make({ ...PAID, state: 'open' });
    await world.rest();
    await world.update(order, id, { amount: 1 });
    await world.rest();
    shop().edit((await recordOf(id)).id, { amount: 2 });
    await world.rest();
    expect(await agreed(id)).to.include({ amount: 2 });
  });

  it('waits with its reason while no record can be made of the row', async () => {
    next = (question) =>
      question.theirs === null && (question.ours['amount'] ?? null) === null
        ? { refuse: { field: question.push[0]!, reason: 'no_amount' } }
        : nextOfOrder(question);
    let id = 0;
    const none = await effectsOf(async () => {
      id = await make({ state: 'draft' });
      await restOver(HOUR);
    });
    expect(none).to.deep.equal([]);
    const [pair] = await rows<{ state: string; reason: string }>(
      `select state, reason from external_mappings where internal_id = :id and entity_type = 'order'`,
      { id },
    );
    expect(pair).to.deep.equal({ state: 'waiting', reason: 'refused' });
    await world.update(order, id, { amount: 7 });
    await world.rest();
    expect(await agreed(id)).to.include({ amount: 7 });
  });

  for (const fate of ['lost', 'answer_lost'] as const)
    for (const at of REQUESTS.keys())
      it(`ends in agreement, each request once, if request ${at + 1} has ${fate === 'lost' ? 'not arrived' : 'no answer'}`, async () => {
        let n = 0;
        onWrite = () => (n++ === at ? fate : 'done');
        let id = 0;
        const effects = await effectsOf(async () => {
          id = await make(PAID);
          await restOver(HOUR);
        });
        expect(effects).to.deep.equal(REQUESTS);
        expect(await agreed(id)).to.deep.equal(PAID);
      });

  const meanwhile: Record<string, { edit: (id: number) => Promise<unknown>; ends: Fields }> = {
    'our row is edited': {
      edit: (id) => world.update(order, id, { amount: 99 }),
      ends: { ...PAID, amount: 99 },
    },
    'our row takes another way': {
      edit: (id) => world.update(order, id, { state: 'void' }),
      ends: { ...PAID, state: 'void' },
    },
    'the record is edited': {
      edit: async (id) => shop().edit((await recordOf(id)).id, { currency: 'usd' }),
      ends: { ...PAID, currency: 'usd' },
    },
  };
  for (const [what, { edit, ends }] of Object.entries(meanwhile))
    it(`ends in agreement if ${what} before the second request is carried out`, async () => {
      const id = await make(PAID);
      let n = 0;
      onWrite = async (): Promise<Fate> => {
        if (n++ === 1) await edit(id);
        return 'done';
      };
      const effects = await effectsOf(() => restOver(HOUR));
      expect(new Set(effects).size, effects.join()).to.equal(effects.length);
      expect(await agreed(id)).to.deep.equal(ends);
    });

  it('reads the record, and is refused, if people open it before a request about a draft arrives', async () => {
    const id = await make({ ...PAID, state: 'draft' });
    await world.rest();
    await world.update(order, id, { amount: 1 });
    onWrite = async (): Promise<Fate> => {
      const { id: there, fields } = await recordOf(id);
      if (fields['state'] === 'draft') shop().edit(there, { state: 'open' });
      return 'done';
    };
    expect(await effectsOf(() => restOver(HOUR))).to.deep.equal([]);
    expect((await conflictsOf(id)).map((each) => each['kind'])).to.deep.equal(['refused']);
    expect((await world.read(order, id))?.fields).to.include({ amount: 1, state: 'open' });
  });

  for (const who of ['our row', 'the record'])
    it(`ends without a record if ${who} is deleted between two requests`, async () => {
      const id = await make(PAID);
      let n = 0;
      onWrite = async (): Promise<Fate> => {
        if (n++ !== 1) return 'done';
        if (who === 'our row') await world.remove(order, id);
        else shop().remove((await recordOf(id)).id);
        return 'done';
      };
      const number = (await world.read(order, id))?.fields['number'];
      await restOver(HOUR);
      expect(
        shop()
          .records('orders')
          .filter(({ fields }) => fields['number'] === number),
      ).to.deep.equal([]);
      expect((await world.read(order, id))?.deletedAt ?? null).to.not.equal(null);
    });

  it('ends in agreement, each request once, if the worker is killed at any failpoint on the way', async () => {
    await make(PAID);
    const passed = await workInChild(database, world, side());
    const names = [...new Set(passed)].filter((name) => name !== 'reconcile.not_converging');
    for (const name of names) {
      // Between the requests, where the point is passed there.
      const pass = Math.min(3, passed!.filter((each) => each === name).length);
      let id = 0;
      const effects = await effectsOf(async () => {
        id = await make(PAID);
        expect(await workInChild(database, world, side(), `${name}=kill@${pass}`), name).to.equal(null);
        await restOver(HOUR);
      });
      expect(effects, `killed at ${name}`).to.deep.equal(REQUESTS);
      expect(await agreed(id), `killed at ${name}`).to.deep.equal(PAID);
    }
  });

  it('whose requests never end is parked with its reason, and its echoes begin nothing', async () => {
    const id = await make({ ...PAID, state: 'draft' });
    await world.rest();
    next = ({ theirs }) => ({ carry: { amount: Number(theirs?.['amount'] ?? 0) + 1 } });
    await world.update(order, id, { amount: 1 });
    expect(await effectsOf(() => restOver(HOUR))).to.have.length(MOST_PARTS);
    const [pair] = await rows<{ state: string; reason: string }>(
      `select state, reason from external_mappings where internal_id = :id and entity_type = 'order'`,
      { id },
    );
    expect(pair).to.deep.equal({ state: 'parked', reason: 'unending' });
    next = nextOfOrder;
    await restOver(HOUR);
    expect((await recordOf(id)).fields['amount']).to.equal(4200 + MOST_PARTS);
    const now = world.clock.now();
    const ids = [await mappingOf(id)];
    await database.db.transaction((tx) =>
      raiseMappings(tx, { ids, now, mustRead: true, urgency: urgencies.bulk }),
    );
    await world.rest();
    expect(await agreed(id)).to.include({ amount: 1 });
  });

  async function rows<T>(sql: string, values: Record<string, unknown> = {}): Promise<T[]> {
    return (await database.db.raw<{ rows: T[] }>(sql, values as Record<string, string>)).rows;
  }
  async function mappingOf(id: number): Promise<number> {
    const [pair] = await rows<{ id: number }>(
      `select id from external_mappings where internal_id = :id and entity_type = 'order' and role = 'primary'`,
      { id },
    );
    return pair!.id;
  }
  const conflictsOf = (id: number) =>
    rows<Record<string, unknown>>(
      `select kind, field, ours, theirs, rule, winner, ours_from, theirs_from from sync_conflicts
       where internal_id = :id and entity_type = 'order' order by id`,
      { id },
    );
  async function lookAgain(): Promise<unknown> {
    await world.rest();
    const pairs = await rows(
      `select id, state, shadow, dirty = clean as rests from external_mappings order by id`,
    );
    const counts = await rows(
      `select (select count(*) from sync_conflicts) as c, (select count(*) from sync_intents) as i`,
    );
    const all = (await rows<{ id: number }>(`select id from external_mappings where state = 'linked'`)).map(
      (row) => row.id,
    );
    await database.db.transaction((tx) =>
      raiseMappings(tx, { ids: all, now: world.clock.now(), mustRead: false, urgency: urgencies.bulk }),
    );
    const calls = shop().calls().length;
    await world.rest();
    return [pairs, counts, shop().calls().length - calls];
  }
});

function filled(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== null)
      .sort(),
  );
}
