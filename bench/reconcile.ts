/**
 * What one event costs the engine, without Stripe's share: time of a step, SQL statements, round
 * trips to PostgreSQL, bytes of WAL.
 *
 *   node bench/reconcile.ts [--events 120]
 *
 * One step after the other, on a database of its own, against the simulator in this process; the
 * time of each call is measured inside and subtracted. WAL is counted with full_page_writes off,
 * since the pages that a checkpoint makes PostgreSQL write again depend on the time of the
 * checkpoint. Nothing waits for the disk. Each workload runs in two halves with the others between,
 * so that a machine that gets faster meanwhile favours none.
 */
import { parseArgs } from 'node:util';
import { table } from '../cli/output.ts';
import type { Db } from '../db/server/connection.ts';
import type { Integration } from '../lib/integrations/integration.ts';
import { reconcile } from '../lib/sync/reconcile.ts';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { createWorld } from '../test/support/sync.ts';
import { createInbound, linkedPair, type TwoWayWorld } from '../test/support/two-way.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '120' } } });
const HALF = Math.ceil(Number(values.events) / 2);

interface Cost {
  events: number;
  ms: number[];
  statements: number;
  roundTrips: number;
  wal: number;
  calls: string[];
}

interface Meter {
  /** The figures since the last call. */
  read(): Promise<{ statements: number; roundTrips: number; wal: number }>;
}

type Pair = { id: number; externalId: string };

/** Causes events that have to be received, and reconciled by one step each. */
type Workload = (world: TwoWayWorld, pairs: Pair[]) => Promise<void>;

let serial = 0;
const name = (): string => `Customer ${++serial}`;

const outbound: Record<string, Workload> = {
  create: async (world, pairs) => {
    for (let n = 0; n < pairs.length; n++) await world.create({ name: name() });
  },
  update: async (world, pairs) => {
    for (const { id } of pairs) await world.update(id, { name: name() });
  },
};
const inbound: Record<string, Workload> = {
  'echo of an update': async (world, pairs) => {
    await outbound['update']?.(world, pairs);
    await world.run();
    await world.deliver();
  },
  'inbound update': async (world, pairs) => {
    for (const { externalId } of pairs)
      world.simulator.dashboard.updateCustomer(externalId, { name: name() });
    await world.deliver();
  },
  'inbound create': async (world, pairs) => {
    for (let n = 0; n < pairs.length; n++)
      world.simulator.dashboard.createCustomer({ name: name(), email: `made${serial}@example.com` });
    await world.deliver();
  },
};

const { db, drop } = await createTestDatabase();
try {
  await db.raw('alter system set full_page_writes = off');
  await db.raw('select pg_reload_conf()');
  const made = await createWorld(db, {});
  let callMs = 0;
  const timed = timeCalls(made.integration, (ms) => (callMs += ms));
  Object.assign(made.deps, { integration: timed });
  const world: TwoWayWorld = { ...made, ...createInbound(made) };
  const meter = await createMeter(db);
  await world.lane.runOnce(); // binds the account

  const pairs: Pair[] = [];
  while (pairs.length < HALF) pairs.push(await linkedPair(world));
  const received = new Map<string, Cost>();
  const steps = new Map<string, Cost>();
  const works = [...Object.entries(outbound), ...Object.entries(inbound)];
  for (const [what, work] of [...works, ...works.toReversed()]) {
    await work(world, pairs);
    if (what in outbound) await measureReceive('our events', () => world.receive());
    else await measureReceive('their events', () => world.receiveInbound());
    await measureSteps(what);
    await world.rest();
  }
  report(`an event received, ${HALF} at a time`, received, false);
  report('an event reconciled', steps, true);
  console.log(`\n${await tenQuickEdits()}`);
  await world.simulator.close();

  async function measureReceive(what: string, receive: () => Promise<number>): Promise<void> {
    const cost = costOf(received, what);
    await meter.read();
    const begin = performance.now();
    const events = await receive();
    cost.ms.push((performance.now() - begin) / Math.max(1, events));
    add(cost, events, await meter.read());
  }

  async function measureSteps(what: string): Promise<void> {
    const cost = costOf(steps, what);
    const before = world.calls().length;
    for (;;) {
      const claims = await world.claim();
      if (claims.length === 0) break;
      for (const claim of claims) {
        callMs = 0;
        await meter.read();
        const begin = performance.now();
        await reconcile(world.deps, claim);
        cost.ms.push(performance.now() - begin - callMs);
        add(cost, 1, await meter.read());
      }
    }
    cost.calls.push(...world.calls().slice(before));
  }

  async function tenQuickEdits(): Promise<string> {
    const [pair] = pairs;
    const before = world.calls().length;
    for (let n = 0; n < 10; n++) await world.update(pair?.id ?? 0, { name: name() });
    await world.run();
    return `ten quick edits of one customer: ${world.calls().slice(before).join(', ')}`;
  }
} finally {
  await db.raw('alter system reset full_page_writes');
  await db.destroy();
  await drop();
  await stopOwnServer({ keep: false });
}

function timeCalls(integration: Integration, note: (ms: number) => void): Integration {
  const timed =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const begin = performance.now();
      try {
        return await call(...args);
      } finally {
        note(performance.now() - begin);
      }
    };
  return { ...integration, fetch: timed(integration.fetch), write: timed(integration.write) };
}

/** Counts the statements of this process, without its own query for the WAL. */
async function createMeter(counted: Db): Promise<Meter> {
  let statements = 0;
  let roundTrips = 0;
  counted.on('query', ({ sql }: { sql: string }) => {
    roundTrips += 1;
    if (!/^(begin|commit|rollback|savepoint|release)\b/i.test(sql)) statements += 1;
  });
  const position = async (): Promise<number> => {
    const { rows } = await counted.raw<{ rows: { at: string }[] }>(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as at`,
    );
    return Number(rows[0]?.at);
  };
  let wal = await position();
  return {
    async read() {
      const counts = { statements, roundTrips };
      const now = await position();
      const cost = { ...counts, wal: now - wal };
      wal = now;
      statements = 0;
      roundTrips = 0;
      return cost;
    },
  };
}

function costOf(costs: Map<string, Cost>, what: string): Cost {
  const cost = costs.get(what) ?? { events: 0, ms: [], statements: 0, roundTrips: 0, wal: 0, calls: [] };
  costs.set(what, cost);
  return cost;
}

function add(cost: Cost, events: number, more: Awaited<ReturnType<Meter['read']>>): void {
  cost.events += events;
  cost.statements += more.statements;
  cost.roundTrips += more.roundTrips;
  cost.wal += more.wal;
}

function report(title: string, costs: Map<string, Cost>, withCalls: boolean): void {
  const head = [title, 'events', 'ms: median', '95 %', 'statements', 'round trips', 'WAL bytes'];
  const rows = [...costs].map(([what, cost]) => {
    const each = (sum: number): string => (sum / cost.events).toFixed(2);
    const reads = cost.calls.filter((call) => call.startsWith('GET')).length;
    return [
      what,
      String(cost.events),
      quantile(cost.ms, 0.5).toFixed(2),
      quantile(cost.ms, 0.95).toFixed(2),
      each(cost.statements),
      each(cost.roundTrips),
      Math.round(cost.wal / cost.events).toLocaleString('en-US'),
      ...(withCalls ? [each(reads), each(cost.calls.length - reads)] : []),
    ];
  });
  console.log();
  for (const line of table([withCalls ? [...head, 'reads', 'writes'] : head, ...rows]))
    console.log(line.trimEnd());
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}
