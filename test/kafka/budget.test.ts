// What an event costs on its way, in figures that are the same on every machine: statements, rows that are left dead,
// bytes of WAL and of requests, calls of Stripe. budget.json says what each may be. Who makes a step dearer sees it here,
// and decides; who makes it cheaper writes the new figure into the file, so that it stays so.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createMeter, withSteadyWal } from '../../bench/meter.ts';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { useChain, WAIT } from './support/chain.ts';
import { startProxy, type Proxy } from './support/proxy.ts';
import { doors } from './support/shared-broker.ts';

/** Each customer is created, and changed so many times in one burst. */
const CUSTOMERS = 100;
const CHANGES = 9;
const EVENTS = CUSTOMERS * (1 + CHANGES);

/** Bytes differ a little with the place of a row in its page, and counts by a batch more or less. */
const TOLERANCE = 0.05;
const A_BATCH = 2 / EVENTS;
/** Below this share of its budget a figure has become better, and the file is to be written anew; but for single rows and requests. */
const BETTER = 0.8;
const SINGLE = 10 / EVENTS;

type Costs = Record<string, number>;

const budget = JSON.parse(readFileSync(new URL('budget.json', import.meta.url), 'utf8')) as Costs;

describe('the budget of an event', function () {
  this.timeout(120_000);

  let proxy: Proxy;
  before('stand before the broker', async () => {
    proxy = await startProxy(doors().proxied, doors().direct);
  });
  after(() => proxy.close());
  const world = useSync();
  const proxied = { brokers: [] as string[] };
  before(() => proxied.brokers.push(`127.0.0.1:${doors().proxied}`));
  // Its clock stands still, and its lease need not be renewed: what is done from time to time is no cost of an event.
  const chain = useChain(world, proxied, { monotonic: () => 0, leaseMs: 600_000 });

  /** Rows that were updated or deleted: each leaves a dead one. */
  async function deadRows(events: number): Promise<number> {
    const read = async () => {
      const { rows } = await world.db.raw<{ rows: { made: number; dead: number }[] }>(
        `select coalesce(sum(n_tup_ins) filter (where relname like 'sync_events%'), 0)::int as made,
           sum(n_tup_upd + n_tup_del)::int as dead from pg_stat_user_tables`,
      );
      return rows[0] ?? { made: 0, dead: 0 };
    };
    // A session tells of its rows up to a second later.
    let before = -1;
    await waitUntil(
      async () => {
        const { made, dead } = await read();
        const isStill = made >= events && dead === before;
        before = dead;
        return isStill;
      },
      { ...WAIT, everyMs: 1_200, what: 'the statistics of every session' },
    );
    return before;
  }

  it('is kept from the write to Stripe', async () => {
    const costs: Costs = {};
    await chain.unsubscribe();
    await keepPartitions(world.db, { now: world.clock.now(), retentionDays: 35 });
    await withSteadyWal(world.db, async () => {
      const meter = await createMeter(world.db);
      const step = async (name: string, count: number, work: () => Promise<unknown>): Promise<void> => {
        await meter.read();
        await work();
        const { statements, roundTrips, wal } = await meter.read();
        costs[`${name}: statements`] = round(statements / count);
        costs[`${name}: round trips`] = round(roundTrips / count);
        costs[`${name}: bytes of WAL`] = Math.round(wal / count);
      };
      const ids: number[] = [];
      await step('write', EVENTS, async () => {
        for (let n = 0; n < CUSTOMERS; n += 1) ids.push((await world.create({ name: `Customer ${n}` })).id);
        for (let n = 0; n < CHANGES; n += 1)
          for (const id of ids) await world.update(id, { name: `Customer ${id}, ${n}` });
      });
      const deadBefore = await deadRows(EVENTS);
      const sentBefore = proxy.produced();
      await step('relay', EVENTS, () => chain.relayAll());
      const sent = proxy.produced();
      costs['relay: produce requests'] = round((sent.requests - sentBefore.requests) / EVENTS);
      costs['relay: bytes of produce requests'] = Math.round((sent.bytes - sentBefore.bytes) / EVENTS);
      costs['relay: dead rows'] = round(((await deadRows(EVENTS)) - deadBefore) / EVENTS);
      await step('receive', EVENTS, () => world.receive());
      const callsBefore = world.calls().length;
      await step('reconcile a burst', CUSTOMERS, () => world.run());
      costs['reconcile a burst: calls of Stripe'] = round((world.calls().length - callsBefore) / CUSTOMERS);
      for (const id of ids) await world.update(id, { name: `Customer ${id} at last` });
      await world.receive();
      const callsOfUpdates = world.calls().length;
      await step('reconcile an update', CUSTOMERS, () => world.run());
      costs['reconcile an update: calls of Stripe'] = round(
        (world.calls().length - callsOfUpdates) / CUSTOMERS,
      );
    });
    const over = Object.entries(costs).flatMap(([name, cost]) => problemWith(name, cost, budget[name]));
    expect(over, `${over.join('\n')}\nmeasured: ${JSON.stringify(costs, null, 2)}`).to.deep.equal([]);
    expect(Object.keys(costs)).to.have.members(Object.keys(budget));
  });
});

function round(figure: number): number {
  return Math.round(figure * 10_000) / 10_000;
}

function problemWith(name: string, cost: number, may: number | undefined): string[] {
  if (may === undefined) return [`${name} has no budget: it is ${cost}`];
  if (cost > may * (1 + TOLERANCE) + A_BATCH) return [`${name} is ${cost}, and may be ${may}`];
  if (cost < may * BETTER && may > SINGLE)
    return [`${name} is ${cost}, better than its budget of ${may}: lower the budget`];
  return [];
}
