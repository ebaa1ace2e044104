// How much of Stripe's allowance is used, and how often Stripe refuses calls as too frequent:
// workers in separate processes, a real PostgreSQL, and the simulator in this process with Stripe's
// live limits (100 a second, 25 for each endpoint) and 300 ms per answer.
//
//   node bench/limits.ts [--creates 1000] [--updates 400]
//
// The effect on other customers is measured in rounds A, B, B, A: without and with a customer whose
// calls hang and one that is always throttled.
import { onlyCustomers } from '../test/support/only-target.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { table } from '../cli/output.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { insertRow, updateRow } from '../db/entities/rows.ts';
import { customer } from '../lib/catalogue/built-in.ts';
import { findUndelivered } from '../db/deliveries.ts';
import { migrate } from '../db/server/migrate.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { readSyncBacklog } from '../db/health/readiness.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { waitUntil } from '../lib/loop.ts';
import { receiveOutbound } from '../lib/intake/receive.ts';
import { newEventId } from '../lib/uuid.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';

const { values } = parseArgs({
  options: { creates: { type: 'string', default: '1000' }, updates: { type: 'string', default: '400' } },
});
const CREATES = Number(values.creates);
const UPDATES = Number(values.updates);
const RATES = { account: 100, endpoint: 25 };
const LATENCY_MS = 300;
/** Customers whose calls fail. */
const TROUBLE = 2;
/** If something hangs, the measurement ends after this time. */
const LIMIT_MS = 400_000;

type Measured = { perSecond: number; refused: number; calls: number };

const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  process.exit(1);
}, LIMIT_MS);
const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  databaseName: 'postgres',
  log: () => undefined,
});
await ensureDatabase(server.url, 'bench');
const url = databaseUrl(server.url, 'bench');
const db = createDb({ url, poolSize: 5, applicationName: 'bench' });
try {
  await migrate(db);
  await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  const rows: string[][] = [['', 'goal', 'measured', '']];
  const say = (what: string, { perSecond, refused, calls }: Measured): void => {
    const used = (perSecond / RATES.endpoint) * 100;
    rows.push([
      what,
      '≥ 95 %',
      `${used.toFixed(1)} % (${perSecond.toFixed(1)} /s)`,
      used >= 95 ? '' : 'not reached',
    ]);
    rows.push([
      '  … refused as too frequent',
      '≈ 0',
      `${refused} of ${calls} calls`,
      refused <= calls / 200 ? '' : 'not reached',
    ]);
  };
  say(`${CREATES} creates, one worker process`, await measure(1, CREATES, creates));
  say(`${CREATES} creates, two worker processes`, await measure(2, CREATES, creates));
  const rounds = { calm: [] as number[], troubled: [] as number[] };
  for (const kind of ['calm', 'troubled', 'troubled', 'calm'] as const)
    rounds[kind].push((await measure(1, UPDATES, kind === 'calm' ? updates : troubled)).perSecond);
  const text = (rates: number[]): string => rates.map((rate) => rate.toFixed(1)).join(', ');
  const sum = (rates: number[]): number => rates.reduce((total, rate) => total + rate, 0);
  const kept = sum(rounds.troubled) / sum(rounds.calm);
  rows.push([`${UPDATES} updates a round, /s, calm`, '', text(rounds.calm), '']);
  rows.push([
    '  … beside a customer that hangs and one that is throttled',
    '≥ 95 % of it',
    text(rounds.troubled),
    kept >= 0.95 ? '' : 'not reached',
  ]);
  for (const line of table(rows)) console.log(line.trimEnd());
} finally {
  clearTimeout(limit);
  await db.destroy();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** From the first call to the moment at which `count` actions have been carried out. */
async function measure(
  processes: number,
  count: number,
  prepare: (simulator: Simulator, count: number) => Promise<{ left: () => Promise<number>; method: string }>,
): Promise<Measured> {
  const simulator = createSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: null } });
  const { url: apiBase } = await simulator.listen();
  await emptyTables(db);
  try {
    const { left, method } = await prepare(simulator, count);
    simulator.rateLimits.set({ globalPerSecond: RATES.account, endpointPerSecond: RATES.endpoint });
    simulator.faults.add({ kind: 'latency', ms: LATENCY_MS, times: null });
    simulator.ledger.reset();
    const workers = Array.from({ length: processes }, () => start(apiBase));
    await waitUntil(() => simulator.ledger.entries({ source: 'api', method }).length > 0, {
      timeoutMs: 30_000,
      everyMs: 10,
      what: 'the first call',
    });
    const began = performance.now();
    await waitUntil(async () => (await left()) === 0, {
      timeoutMs: 180_000,
      everyMs: 50,
      what: 'all is carried out',
    });
    const seconds = (performance.now() - began) / 1_000;
    const calls = simulator.ledger.entries({ source: 'api' });
    simulator.faults.release();
    await Promise.all(workers.map(stop));
    return {
      perSecond: count / seconds,
      refused: calls.filter(({ status }) => status === 429).length,
      calls: calls.length,
    };
  } finally {
    await simulator.close();
  }
}

async function creates(_simulator: Simulator, count: number) {
  for (let n = 0; n < count; n += 1) await insertRow(db, customer, person(n), stamp());
  await receive();
  return { left: async () => (await readSyncBacklog(db)).dirty, method: 'POST' };
}

/** Customers that are linked and then edited. */
async function updates(simulator: Simulator, count: number) {
  return (await linked(simulator, count)).edited;
}

/** The same, with one customer whose every call hangs, and one whose every call is throttled. */
async function troubled(simulator: Simulator, count: number) {
  const { edited, externalIds } = await linked(simulator, count + TROUBLE);
  const [hangs = '', throttled = ''] = externalIds;
  const path = (id: string): string => `/v1/customers/${id}`;
  simulator.faults.add({ kind: 'hang', path: path(hangs), times: null });
  simulator.faults.add({
    kind: 'rate_limit',
    reason: 'resource-specific',
    path: path(throttled),
    times: null,
  });
  return { ...edited, left: async () => Math.max(0, (await edited.left()) - TROUBLE) };
}

async function linked(simulator: Simulator, count: number) {
  const made = [];
  for (let n = 0; n < count; n += 1) made.push(await insertRow(db, customer, person(n), stamp()));
  await receive();
  const worker = start(simulator.url, 10_000);
  const left = async (): Promise<number> => (await readSyncBacklog(db)).dirty;
  await waitUntil(async () => (await left()) === 0, { timeoutMs: 60_000, what: 'all are linked' });
  await stop(worker);
  await db.raw(`delete from rate_buckets`);
  for (const { id } of made) await updateRow(db, customer, id, { name: `Edited ${id}` }, {}, stamp());
  await receive();
  const { rows } = await db.raw<{ rows: { external_id: string }[] }>(
    `select external_id from external_mappings order by id limit ${TROUBLE}`,
  );
  return { edited: { left, method: 'POST' }, externalIds: rows.map(({ external_id: id }) => id) };
}

function person(n: number) {
  return { name: `Customer ${n}`, email: `customer${n}@example.com` };
}

function stamp() {
  const now = new Date();
  return { eventId: newEventId(now), source: 'internal', context: {}, now };
}

/** Makes deliveries of the events that were written, as relay and bus do. */
async function receive(): Promise<void> {
  const found = await findUndelivered(db, { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 100_000 });
  const target = { system: 'stripe', externalType: 'customer' };
  await receiveOutbound(
    { db, clock: { now: () => new Date() }, wake: () => undefined },
    onlyCustomers(target),
    found,
  );
}

function start(apiBase: string, rate?: number): ChildProcess {
  const { account, endpoint } = rate === undefined ? RATES : { account: rate, endpoint: rate };
  const path = join(import.meta.dirname, 'limits-worker.ts');
  return spawn(process.execPath, [path, url, apiBase, String(account), String(endpoint)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

async function stop(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
}

async function emptyTables(on: Db): Promise<void> {
  await on.raw(`alter table customers disable trigger customers_no_truncate`);
  await on.raw(`alter table sync_events disable trigger sync_events_no_truncate`);
  await on.raw(
    `truncate customers, external_mappings, sync_events, sync_deliveries, sync_intents, sync_attempts, sync_conflicts, connections, rate_buckets, breakers`,
  );
}
