// How fast the relay reads the outbox when the bus costs nothing: its whole round (read, compose,
// send to a bus that keeps nothing, save), compared with only reading the same rows in the same
// pages.
//
//   node bench/relay-read.ts [--rows 100000] [--page 1000] [--rounds 5] [--pinned]
//
// In rounds A, B, B, A (bare, relay, relay, bare), so that a machine that gets faster or slower
// meanwhile favours neither; figures are medians. With --pinned another transaction holds the
// server's oldest transaction id all the time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { systemClock } from '../lib/clock.ts';
import type { HeaderStyle } from '../lib/events/envelope.ts';
import { createRouting } from '../lib/events/routing.ts';
import { createRelay } from '../relay/relay.ts';
import { endServer } from './end-server.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    page: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    pinned: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const pageSize = Number(values.page);

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'customer.updated', 'customer', n, 'customer:' || n, 1, 'internal', jsonb_build_object(
  'customer_data', jsonb_build_object('id', n, 'name', 'Ada Lovelace', 'email', 'ada' || n || '@example.com', 'note', repeat('x', 300)),
  'external_mappings', jsonb_build_object('stripe', 'cus_' || n))
from generate_series(1, 1000) n`;

const bareSql = `
select id, event_id, event_type, entity_key, version, source, payload::text, created_at::text, context ->> 'trace'
from sync_events where id > :after order by id limit :limit`;

async function readBare(db: Db): Promise<number> {
  let count = 0;
  for (let after = 0; ;) {
    const page = await db
      .raw<{ rows: [number][] }>(bareSql, { after, limit: pageSize })
      .options({ rowMode: 'array' });
    count += page.rows.length;
    const last = page.rows.at(-1);
    if (last === undefined) return count;
    after = last[0];
  }
}

/** A bus that acknowledges every message and keeps none. */
function createNowhere(): Bus {
  let offset = 0;
  return {
    publish: (messages) =>
      Promise.resolve(messages.map(({ topic }) => ({ topic, partition: 0, offset: offset++ }))),
    subscribe: () => Promise.resolve(() => Promise.resolve()),
    identity: () => Promise.resolve('in-process'),
    progress: () => Promise.resolve(null),
    health: () => ({ problem: null }),
    close: () => Promise.resolve(),
  };
}

async function runRelay(db: Db, customerEvents: boolean, headers: HeaderStyle): Promise<number> {
  await db.raw(`delete from relay_cursor`);
  const quiet = () => undefined;
  const relay = createRelay({
    db,
    bus: createNowhere(),
    clock: systemClock,
    log: { info: quiet, warn: quiet, error: quiet },
    address: 'bench',
    routing: createRouting({ customerEvents, systems: [] }),
    headers,
    pageSize,
  });
  let count = 0;
  for (let done = 1; done > 0; count += done) done = await relay.runOnce();
  await relay.stop();
  return count;
}

type Figures = { perSecond: number; cpuMicros: number };

async function measure(fn: () => Promise<number>): Promise<Figures> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const count = await fn();
  const seconds = (performance.now() - began) / 1000;
  if (count !== rows) throw new Error(`${count} rows were read, and there are ${rows}`);
  const used = process.cpuUsage(cpu);
  return { perSecond: count / seconds, cpuMicros: (used.user + used.system) / count };
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

function print(name: string, figures: Figures[], beside?: Figures[]): void {
  const rate = Math.round(median(figures.map(({ perSecond }) => perSecond)));
  const cpu = median(figures.map(({ cpuMicros }) => cpuMicros)).toFixed(1);
  const ratio = beside
    ? `   ${median(figures.map(({ perSecond }, n) => perSecond / (beside[n]?.perSecond ?? NaN))).toFixed(2)} of bare reading`
    : '';
  console.log(
    `${name.padEnd(44)} ${String(rate).padStart(8)} events/s  ${cpu.padStart(5)} µs CPU each${ratio}`,
  );
}

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  databaseName: 'postgres',
  fsync: false,
  log: () => undefined,
});
try {
  await ensureDatabase(server.url, 'bench');
  const db = createDb({ url: databaseUrl(server.url, 'bench'), poolSize: 4, applicationName: 'bench' });
  await migrate(db);
  await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  for (let n = 0; n < rows; n += 1000) await db.raw(insertSql);
  await db.raw('vacuum analyze sync_events');
  const pinned = values.pinned ? await db.transaction() : null;
  await pinned?.raw('select pg_current_xact_id()');
  const cases: [name: string, run: () => Promise<number>][] = [
    ['relay, one topic, minimal headers', () => runRelay(db, false, 'minimal')],
    ['relay, one topic, full headers', () => runRelay(db, false, 'full')],
    ['relay, two topics, full headers', () => runRelay(db, true, 'full')],
  ];
  console.log(
    `${rows} events in pages of ${pageSize}${pinned ? ', beside a transaction that stays open' : ''}`,
  );
  for (const [name, run] of cases) {
    await run();
    const bare: Figures[] = [];
    const relay: Figures[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      bare.push(await measure(() => readBare(db)));
      relay.push(await measure(run), await measure(run));
      bare.push(await measure(() => readBare(db)));
    }
    print('bare reading', bare);
    print(name, relay, bare);
  }
  await pinned?.rollback();
  await db.destroy();
} finally {
  await endServer(server);
  await rm(folder, { recursive: true, force: true });
}
