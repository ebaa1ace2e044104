/**
 * The first contact with a filled account, at Stripe's limits: 100,000 records are read while
 * 10,000 rows are created, most of which have a record, and while people edit customers that are
 * linked already. Reports how long the reading takes, its memory, and how long an edit takes
 * meanwhile beyond the call itself.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../cli/database.ts';
import { removeEmbeddedPostgres } from '../cli/embedded/remove.ts';
import { table } from '../cli/output.ts';
import type { Db } from '../db/server/connection.ts';
import { readAnswerTimes, readLastEventId } from '../db/health/reports.ts';
import { ignoreConnectionSettings, loadConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/log.ts';
import { sleep, waitUntil } from '../lib/loop.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { createLoad } from './load.ts';
import { startUp, type UpProcess } from './up-process.ts';

const RECORDS = 100_000;
const ROWS = 10_000;
/** Linked before the measurement, and edited during it. */
const PAIRS = 100;
const EDIT_EVERY_MS = 250;
/** If something hangs, the measurement ends after this time. */
const LIMIT_MS = 480_000;
/** What Stripe allows a live account (docs.stripe.com/rate-limits). */
const LIMITS = { globalPerSecond: 100, endpointPerSecond: 25 };

let running: ChildProcess | null = null;
const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
/** The old records are created a day ago: the sweep reads no event about them. */
let ago = 0;
const simulator = createSimulator({ rateLimits: LIMITS, now: () => Date.now() - ago });
await simulator.listen();
const settings = {
  ...ignoreConnectionSettings(),
  TWINBOX_DATA_DIR: join(folder, 'data'),
  SIMULATOR_URL: simulator.url,
  STRIPE_RATE_LIMIT: String(LIMITS.globalPerSecond),
  STRIPE_ENDPOINT_RATE_LIMIT: String(LIMITS.endpointPerSecond),
};
const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  running?.kill('SIGKILL');
  process.exit(1);
}, LIMIT_MS);
try {
  const database = await openDatabase(
    loadConfig(settings, { envFile: false }),
    createLogger({ level: 'error', format: 'pretty' }),
  );
  try {
    await measure(database.db);
  } finally {
    await database.close();
  }
} finally {
  clearTimeout(limit);
  await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
  await rm(folder, { recursive: true, force: true });
  await simulator.close();
}

async function measure(db: Db): Promise<void> {
  await linkSome(db);
  await removeEndpoints();
  ago = 86_400_000;
  for (let n = 0; n < RECORDS; n += 1)
    simulator.dashboard.createCustomer({ name: `Old ${n}`, email: `Old${n}@example.com` });
  ago = 0;
  // As if this were the first contact of the database with the account.
  await db('account_readings').delete();

  const up = await start();
  const load = createLoad(up, 8);
  const from = await readLastEventId(db);
  const began = performance.now();
  const over = new AbortController();
  const edits = edit(up.api, over.signal);
  const isRead = waitUntil(
    async () => {
      const [reading] = await db<{ done_at: Date | null }>('account_readings').select('done_at');
      return reading?.done_at instanceof Date && (performance.now() - began) / 1_000;
    },
    { timeoutMs: LIMIT_MS, everyMs: 250, what: 'every record is read' },
  );
  let next = 0;
  const importer = async (): Promise<void> => {
    while (next < ROWS) {
      const n = next++;
      await load.create(`Old ${n}`, `old${n}@example.com`);
    }
  };
  await Promise.all([importer(), importer(), importer(), importer()]);
  const readAfter = await isRead;
  await waitUntil(async () => (await countWaiting(db)) >= ROWS, {
    timeoutMs: LIMIT_MS,
    everyMs: 500,
    what: 'every row waits for consent',
  });
  const waitAfter = (performance.now() - began) / 1_000;
  over.abort();
  await edits;
  await sleep(3_000);
  const beyond = (await readAnswerTimes(db, { system: 'stripe', after: from }))
    .filter(({ eventType }) => eventType === 'customer.updated')
    .map(({ ms, callMs }) => ms - callMs)
    .sort((a, b) => a - b);
  const at = (part: number): string =>
    `${Math.round(beyond[Math.floor((beyond.length - 1) * part)] ?? NaN)} ms`;
  const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${up.pid}/status`, 'utf8'))?.[1];
  const made = simulator.customers().length;
  const size = await db.raw<{ rows: { mb: number }[] }>(
    `select (pg_total_relation_size('external_records') / 1048576.0)::float8 as mb`,
  );
  load.close();
  up.child.kill('SIGTERM');
  await up.exited;
  for (const line of table([
    ['records read', `${RECORDS.toLocaleString('en-US')} in ${readAfter.toFixed(0)} s`],
    ['their table', `${(size.rows[0]?.mb ?? NaN).toFixed(0)} MB on disk`],
    ['rows that wait for consent', `${ROWS.toLocaleString('en-US')} after ${waitAfter.toFixed(0)} s`],
    ['records made a second time', String(made - RECORDS - PAIRS)],
    ['memory of the process', `${Math.round(Number(peak) / 1_024)} MB at most`],
    [
      'edits meanwhile, beyond the call',
      `p50 ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)} of ${beyond.length}`,
    ],
  ]))
    console.log(line);
}

async function start(): Promise<UpProcess> {
  const up = await startUp({ ...settings, API_PORT: '0', LOG_LEVEL: 'warn', NODE_OPTIONS: '' }, folder);
  running = up.child;
  return up;
}

/** The old records have no webhooks either: without an endpoint none is kept for later. */
async function removeEndpoints(): Promise<void> {
  const headers = { authorization: 'Bearer sk_test_twinbox_fake' };
  for (const { id } of simulator.endpoints()) {
    const { ok } = await fetch(`${simulator.url}/v1/webhook_endpoints/${id}`, { method: 'DELETE', headers });
    if (!ok) throw new Error(`the endpoint ${id} could not be removed`);
  }
}

async function linkSome(db: Db): Promise<void> {
  const up = await start();
  const load = createLoad(up, 8);
  for (let n = 0; n < PAIRS; n += 1) await load.create(`Pair ${n}`, `pair${n}@example.com`);
  await waitUntil(async () => (await db('external_mappings').where({ state: 'linked' })).length >= PAIRS, {
    timeoutMs: 60_000,
    what: 'the pairs are linked',
  });
  load.close();
  up.child.kill('SIGTERM');
  await up.exited;
}

async function edit(api: string, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    await fetch(`${api}/api/v1/customers/${(n % PAIRS) + 1}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: `Edited ${n}` }),
    });
    await sleep(EDIT_EVERY_MS, signal);
  }
}

async function countWaiting(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings where state = 'waiting' and reason = 'not_linked'`,
  );
  return rows[0]?.count ?? 0;
}
