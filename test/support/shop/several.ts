// Orders at a shop that lets them go step by step, for tests of changes that need several requests.
// After each test every pair is looked at once more: no call is made, and no row written.
import { expect } from 'chai';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { urgencies } from '../../../db/urgency.ts';
import type { Fields } from '../../../lib/catalogue/document.ts';
import type { NextAnswer, NextQuestion } from '../../../lib/integrations/next-request.ts';
import { useDatabase, type TestDatabase } from '../database.ts';
import { nextOfOrder } from './orders.ts';
import type { Fate, Shop, ShopRecord } from './server.ts';
import { createShopWorld, order, type ShopSide, type ShopWorld } from './world.ts';

export const PAID = { amount: 4200, currency: 'eur', lines: [{ sku: 'a' }], state: 'paid' };
/** The requests that make such an order. */
export const REQUESTS = ['POST /orders', 'POST /orders/lines', 'POST /orders/open', 'POST /orders/paid'];

export interface Orders {
  database: TestDatabase;
  world(): ShopWorld;
  side(): ShopSide;
  shop(): Shop;
  /** Asked before each write that arrives; what happens to it. */
  onWrite: (what: string) => Fate | Promise<Fate>;
  next: (question: NextQuestion) => NextAnswer;
  make(values: Fields): Promise<number>;
  /** The order as both sides have it, without its number; fails if they differ. */
  agreed(id: number): Promise<Fields>;
  recordOf(id: number): Promise<ShopRecord>;
  pairOf(id: number): Promise<{ id: number; state: string; reason: string | null }>;
  conflictsOf(id: number): Promise<Record<string, unknown>[]>;
  /** Over every back-off, for so long. */
  restOver(ms: number): Promise<void>;
  /** The writes that have an effect while this is done. */
  effectsOf(work: () => Promise<unknown>): Promise<string[]>;
  raise(ids: number[], mustRead: boolean): Promise<void>;
  rows<T>(sql: string, values?: Record<string, string | number>): Promise<T[]>;
}

export function useOrders(): Orders {
  const database = useDatabase();
  let world: ShopWorld;
  let serial = 0;

  before('open a shop whose orders go step by step', async () => {
    world = await createShopWorld(database.db, ['shop'], {
      strict: 'shop',
      next: (question) => orders.next(question),
      onWrite: (what) => orders.onWrite(what),
    });
  });
  beforeEach('let it answer', () => {
    orders.onWrite = () => 'done';
    orders.next = nextOfOrder;
  });
  afterEach('look once more: no call is made, and no row written', async function () {
    if (this.currentTest?.state !== 'passed') return;
    const seen = await lookAgain();
    expect(await lookAgain()).to.deep.equal(seen);
  });
  after(() => world.close());

  const orders: Orders = {
    database,
    onWrite: () => 'done',
    next: nextOfOrder,
    world: () => world,
    side() {
      const [side] = world.sides;
      if (!side) throw new Error('the world has a shop');
      return side;
    },
    shop: () => orders.side().shop,
    async make(values) {
      serial += 1;
      return (await world.create(order, { number: `A-${serial}`, ...values })).id;
    },
    async agreed(id) {
      const { number, ...ours } = (await world.read(order, id))?.fields ?? {};
      const there = orders
        .shop()
        .records('orders')
        .filter(({ fields }) => fields['number'] === number);
      expect(there, 'records').to.have.length(1);
      expect(filled(there[0]?.fields ?? {})).to.deep.equal(filled({ number: number ?? null, ...ours }));
      return filled(ours);
    },
    async recordOf(id) {
      const number = (await world.read(order, id))?.fields['number'];
      const record = orders
        .shop()
        .records('orders')
        .find(({ fields }) => fields['number'] === number);
      if (!record) throw new Error(`order ${id} has no record`);
      return record;
    },
    async pairOf(id) {
      const [pair] = await orders.rows<{ id: number; state: string; reason: string | null }>(
        `select id, state, reason from external_mappings
         where internal_id = :id and entity_type = 'order' and role = 'primary'`,
        { id },
      );
      if (!pair) throw new Error(`order ${id} has no pair`);
      return pair;
    },
    conflictsOf: (id) =>
      orders.rows(
        `select kind, field, ours, theirs, rule, winner, ours_from, theirs_from from sync_conflicts
         where internal_id = :id and entity_type = 'order' order by id`,
        { id },
      ),
    async restOver(ms) {
      for (let gone = 0; gone < ms; gone += 600_000) {
        await world.rest();
        world.clock.advance(600_000);
      }
      await world.rest();
    },
    async effectsOf(work) {
      const before = orders.shop().effects().length;
      await work();
      return orders.shop().effects().slice(before);
    },
    async raise(ids, mustRead) {
      const now = world.clock.now();
      await database.db.transaction((tx) =>
        raiseMappings(tx, { ids, now, mustRead, urgency: urgencies.bulk }),
      );
    },
    rows: async <T>(sql: string, values: Record<string, string | number> = {}) =>
      (await database.db.raw<{ rows: T[] }>(sql, values)).rows,
  };

  async function lookAgain(): Promise<unknown> {
    await world.rest();
    const pairs = await orders.rows(
      `select id, state, shadow, dirty = clean as rests from external_mappings order by id`,
    );
    const counts = await orders.rows(
      `select (select count(*) from sync_conflicts) as conflicts, (select count(*) from sync_intents) as intents`,
    );
    const linked = await orders.rows<{ id: number }>(
      `select id from external_mappings where state = 'linked'`,
    );
    await orders.raise(
      linked.map(({ id }) => id),
      false,
    );
    const calls = orders.shop().calls().length;
    await world.rest();
    return [pairs, counts, orders.shop().calls().length - calls];
  }
  return orders;
}

function filled(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
