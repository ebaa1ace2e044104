// What a write of the API costs beside the least that a home-made outbox costs: POST /customers by the API as a
// process of its own, and pgbench's transaction of two inserts, both with 16 clients on one PostgreSQL that
// waits for the disk.
//
//   node bench/api-write.ts [--rounds 2] [--seconds 8] [--clients 16]
//
// Rounds A, B, B, A; the ratio is the median of those of its pairs. The goal is at least 0.60. Needs pgbench (Debian's
// postgresql package); without it, only the API is measured, and the output says so.
import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { createDb } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { waitUntil } from '../lib/loop.ts';
import { environmentWith } from '../test/support/environment.ts';
import { cpuSeconds } from './cpu.ts';
import { createLoad } from './load.ts';
import { printTable, quantile } from './meter.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '16' },
  },
});
const [rounds, seconds, clients] = [values.rounds, values.seconds, values.clients].map(Number) as [
  number,
  number,
  number,
];
const GOAL = 0.6;
const run = promisify(execFile);

const tablesSql = `
create table plain_customers (id bigserial primary key, name text not null, email text not null, version integer not null, created_at timestamptz not null default now());
create table plain_outbox (id bigserial primary key, customer_id bigint not null, payload jsonb not null, created_at timestamptz not null default now())`;
const script = `\\set n random(1, 1000000000)
begin;
insert into plain_customers (name, email, version) values ('Customer ' || :n::bigint, 'customer' || :n::bigint || '@example.com', 1) returning id \\gset
insert into plain_outbox (customer_id, payload) values (:id::bigint, jsonb_build_object('customer_data',
  jsonb_build_object('id', :id::bigint, 'name', 'Customer ' || :n::bigint, 'email', 'customer' || :n::bigint || '@example.com'), 'version', 1));
commit;
`;

type Figures = { perSecond: number; postgresMs: number; apiMs?: number; ms?: number[] };

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
await ensureDatabase(server.url, 'bench');
const url = databaseUrl(server.url, 'bench');
const db = createDb({ url, poolSize: 2, applicationName: 'bench' });
await migrate(db);
await keepPartitions(db, { now: new Date(), retentionDays: 35 });
await db.raw(tablesSql);
const scriptPath = join(folder, 'two-inserts.sql');
await writeFile(scriptPath, script);

const port = await freePort();
const api = spawn(process.execPath, [join(import.meta.dirname, '../api/main.ts')], {
  // It sends nothing to Kafka, and does not start without its address.
  env: environmentWith({
    DATABASE_URL: url,
    API_PORT: String(port),
    LOG_LEVEL: 'warn',
    KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9',
    STRIPE_WEBHOOK_SECRET: 'whsec_bench',
  }),
  stdio: ['ignore', 'inherit', 'inherit'],
});
const base = `http://127.0.0.1:${port}`;
const load = createLoad({ api: base, simulator: base }, clients);
let made = 0;

const postgresCpu = (): Promise<number> => cpuSeconds(server.pid);

async function measureApi(): Promise<Figures> {
  const began = performance.now();
  const before = [await postgresCpu(), await cpuSeconds(api.pid ?? 0)] as const;
  const ms: number[] = [];
  const first = made;
  while (performance.now() - began < seconds * 1_000) {
    const part = await load.createMany(clients * 20, made);
    made += clients * 20;
    ms.push(...part.ms);
  }
  const count = made - first;
  const perSecond = count / ((performance.now() - began) / 1_000);
  const used = [(await postgresCpu()) - before[0], (await cpuSeconds(api.pid ?? 0)) - before[1]] as const;
  return { perSecond, postgresMs: (used[0] / count) * 1_000, apiMs: (used[1] / count) * 1_000, ms };
}

async function measurePlain(): Promise<Figures> {
  const before = await postgresCpu();
  const { stdout } = await run('pgbench', [
    ...[
      '-n',
      '-M',
      'prepared',
      '-c',
      String(clients),
      '-j',
      '2',
      '-T',
      String(seconds),
      '-f',
      scriptPath,
      url,
    ],
  ]);
  const count = Number(/actually processed: (\d+)/.exec(stdout)?.[1]);
  const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  return { perSecond, postgresMs: (((await postgresCpu()) - before) / count) * 1_000 };
}

try {
  await waitUntil(async () => (await fetch(`${base}/api/v1/customers`).catch(() => null))?.ok === true, {
    timeoutMs: 30_000,
    what: 'the API',
  });
  const hasPgbench = await run('pgbench', ['--version']).then(
    () => true,
    () => false,
  );
  if (!hasPgbench) console.log('*** PGBENCH NOT FOUND: only the API is measured ***');
  await load.createMany(clients * 50, made);
  made += clients * 50;
  const runs: { api: Figures[]; plain: Figures[] } = { api: [], plain: [] };
  for (let round = 0; round < rounds; round += 1) {
    if (hasPgbench) runs.plain.push(await measurePlain());
    runs.api.push(await measureApi(), await measureApi());
    if (hasPgbench) runs.plain.push(await measurePlain());
  }
  print(runs);
} finally {
  load.close();
  api.kill('SIGTERM');
  await once(api, 'exit');
  await db.destroy();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

function print({ api: posts, plain }: { api: Figures[]; plain: Figures[] }): void {
  const median = (list: number[]): number => quantile(list, 0.5);
  const of = (list: Figures[], key: 'perSecond' | 'postgresMs' | 'apiMs') =>
    median(list.map((one) => one[key] ?? NaN));
  const ms = posts.flatMap((one) => one.ms ?? []);
  const row = (name: string, list: Figures[]): string[] => [
    name,
    of(list, 'perSecond').toFixed(0),
    of(list, 'postgresMs').toFixed(2),
    of(list, 'apiMs').toFixed(2),
  ];
  printTable([
    ['', 'per second', 'ms of PostgreSQL each', 'ms of the API each'],
    row('pgbench, two inserts', plain),
    row('POST /customers', posts),
  ]);
  console.log(`POST: p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms`);
  const ratios = posts.map((one, at) => one.perSecond / (plain[at]?.perSecond ?? NaN));
  const ratio = median(ratios);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  console.log(
    `POST / pgbench: ${ratio.toFixed(2)} (${spread}); goal ${GOAL}: ${ratio >= GOAL ? 'met' : 'missed'}`,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
