// A plan of a replay of 100,000 parked deliveries: how long its hash and its first page take, how long its
// pages take, and what the process holds meanwhile.
//
//   node bench/replay-plan.ts [--deliveries 100000] [--pages 100]
//
// The goals: the first page within 1 s of the request for the plan, the process under 200 MB.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { createDb } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { loadConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/log.ts';
import { createOfflineDeps } from '../lib/process/systems.ts';
import { startApi } from '../test/api/start-api.ts';
import { printTable } from './meter.ts';
import { endServer } from './end-server.ts';

const { values } = parseArgs({
  options: { deliveries: { type: 'string', default: '100000' }, pages: { type: 'string', default: '100' } },
});
const deliveries = Number(values.deliveries);
const GOAL_MS = 1_000;
const GOAL_MB = 200;

const fillSql = `
set session_replication_role = replica;
insert into customers (id, name, email, version, created_event_id, last_event_id) overriding system value
select i, 'Customer ' || i, 'c' || i || '@example.com', 1, new_event_id(now()), i from generate_series(1, ${deliveries}) i;
insert into external_mappings (id, internal_id, system, account, state, reason, dirty, clean, wanted_version) overriding system value
select i, i, 'stripe', 'acct_1', 'parked', 'email_invalid', 1, 1, 1 from generate_series(1, ${deliveries}) i;
insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, last_error, created_at)
select new_event_id(now()), 'stripe', i, i, 'customer.created', 1, 'parked', '{"code": "email_invalid"}', now() from generate_series(1, ${deliveries}) i;
analyze customers, external_mappings, sync_deliveries`;

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  log: () => undefined,
  fsync: false,
});
await ensureDatabase(server.url, 'bench');
const url = databaseUrl(server.url, 'bench');
const db = createDb({ url, poolSize: 4, applicationName: 'bench', statementTimeoutMs: 600_000 });
await migrate(db);
await db.raw(fillSql);
await db.raw('set session_replication_role = default');
const config = loadConfig({ DATABASE_URL: url }, { envFile: false });
const systems = await createOfflineDeps(config, { db, log: createLogger({ ...config.log, level: 'warn' }) });
const planners = new Map(systems.map((deps) => [deps.integration.system, deps]));
const api = await startApi({ db, planners, deadlineMs: 120_000 });

let most = 0;
const megabytes = (): number => Math.round(process.memoryUsage().rss / 1_000_000);
const sampler = setInterval(() => (most = Math.max(most, megabytes())), 20);
sampler.unref();

const since = (began: number): number => Math.round(performance.now() - began);

try {
  await api.send('GET', '/api/v1/replays');
  const before = megabytes();
  const began = performance.now();
  const plan = await api.send('POST', '/api/v1/replay-plans', { body: {} });
  const planned = since(began);
  let next: string | undefined = `/api/v1/replay-plans/${String(plan.json['plan'])}`;
  let [first, items] = [0, 0];
  for (let page = 0; next !== undefined && page < Number(values.pages); page += 1) {
    const answer: Awaited<ReturnType<typeof api.send>> = await api.send('GET', next);
    if (answer.status !== 200) throw new Error(answer.text);
    first ||= since(began);
    items += (answer.json['items'] as unknown[]).length;
    next = /<([^>]+)>/.exec(answer.headers.get('Link') ?? '')?.[1];
  }
  const pages = since(began);
  const held = most;
  const start = performance.now();
  const ask = { plan: plan.json['plan'], reason: 'a measurement' };
  const job = await api.send('POST', '/api/v1/replays', { body: ask });
  if (job.status !== 201) throw new Error(job.text);
  const begun = since(start);
  printTable([
    ['', 'measured', 'goal', ''],
    ['deliveries of the plan', String(deliveries), '', ''],
    ['the plan, ms', String(planned), '', ''],
    ['… and its first page of 50, ms', String(first), String(GOAL_MS), first <= GOAL_MS ? '' : 'not reached'],
    [`${items} of its deliveries in pages, ms`, String(pages), '', ''],
    ['the job, ms', String(begun), '', ''],
    ['the process, MB', `${before} to ${held}`, String(GOAL_MB), held <= GOAL_MB ? '' : 'not reached'],
    ['… with the job, MB', String(most), '', ''],
  ]);
} finally {
  clearInterval(sampler);
  await api.server.close();
  await db.destroy();
  await endServer(server);
  await rm(folder, { recursive: true, force: true });
}
