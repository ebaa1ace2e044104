/**
 * Inbound changes, measured from outside: one process runs everything, as `twinbox up` does; this
 * process sends it webhooks, edits customers in the simulator as a person does in the dashboard,
 * and reads from the API.
 */
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type OpenDatabase } from '../cli/database.ts';
import { removeEmbeddedPostgres } from '../cli/embedded/remove.ts';
import { table } from '../cli/output.ts';
import { readSyncBacklog } from '../db/health/readiness.ts';
import { readRelayLag } from '../db/relay/lag.ts';
import { ignoreConnectionSettings, loadConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/log.ts';
import { waitUntil } from '../lib/loop.ts';
import { startUp, type UpProcess } from './up-process.ts';

const CUSTOMERS = 50;
const EDITS = 100;
const WEBHOOKS = 10_000;
const IN_FLIGHT = 64;
/** If something hangs, the measurement ends after this time. */
const LIMIT_MS = 240_000;

type Customer = { id: number; name: string; external_mappings: { stripe?: string } };
type Row = [what: string, goal: string, figure: string, reached: boolean];

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const settings = { ...ignoreConnectionSettings(), TWINBOX_DATA_DIR: join(folder, 'data') };
const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  process.exit(1);
}, LIMIT_MS);
try {
  const up = await startUp({ ...settings, API_PORT: '0', SIMULATOR_PORT: '0', LOG_LEVEL: 'warn' }, folder);
  const database = await openDatabase(
    loadConfig(settings, { envFile: false }),
    createLogger({ level: 'error', format: 'pretty' }),
  );
  try {
    const rows = await measure(up, database);
    console.log(`Inbound: everything in one process, this load in another, ${WEBHOOKS} webhooks`);
    const lines = rows.map(([what, goal, figure, reached]) => [
      what,
      goal,
      figure,
      reached ? '' : 'not reached',
    ]);
    for (const line of table([['', 'goal', 'measured', ''], ...lines])) console.log(line.trimEnd());
  } finally {
    up.child.kill('SIGTERM');
    await up.exited;
    await database.close();
  }
} finally {
  clearTimeout(limit);
  agent.destroy();
  await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

async function measure({ api, simulator, pid }: UpProcess, { db }: OpenDatabase): Promise<Row[]> {
  const customers = `${api}/api/v1/customers`;
  const quiet = () =>
    waitUntil(
      async () => (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0,
      {
        timeoutMs: 60_000,
        what: 'everything is settled',
      },
    );
  /** How many reads of a customer there were so far. */
  const gets = async (): Promise<number> => {
    const calls = await call<{ path: string; source: string }[]>(
      'GET',
      `${simulator}/_sim/ledger?method=GET&source=api`,
    );
    return calls.filter(({ path }) => path.startsWith('/v1/customers/')).length;
  };
  const receivedEchoes = async (): Promise<number> =>
    Number((await db('sync_deliveries').where({ target: 'internal' }).count('* as n'))[0]?.['n'] ?? 0);

  await call('PUT', `${simulator}/_sim/rate-limits`, { global_per_second: null, endpoint_per_second: null });
  const before = await gets();
  for (let n = 0; n < CUSTOMERS; n += 1) {
    const { id } = await call<Customer>('POST', customers, {
      name: `Own ${n}`,
      email: `own${n}@example.com`,
    });
    await quiet();
    await call('PATCH', `${customers}/${id}`, { name: `Own ${n}, renamed` });
    await quiet();
  }
  await waitUntil(async () => (await receivedEchoes()) === 2 * CUSTOMERS, {
    timeoutMs: 30_000,
    what: 'every echo came',
  });
  await quiet();
  const ofEchoes = (await gets()) - before;

  const linked = await call<Customer[]>('GET', `${customers}?limit=${CUSTOMERS}`);
  const getMs: number[] = [];
  const seenMs: number[] = [];
  const beforeEdits = await gets();
  for (let n = 0; n < EDITS; n += 1) {
    const { id, external_mappings: mapped } = linked[n % linked.length] ?? { id: 0, external_mappings: {} };
    const name = `Edited at Stripe ${n}`;
    const began = performance.now();
    await call('POST', `${simulator}/_sim/dashboard/customers/${mapped.stripe ?? ''}`, { name });
    await waitUntil(async () => (await call<Customer>('GET', `${customers}/${id}`)).name === name, {
      timeoutMs: 30_000,
      everyMs: 2,
      what: 'the edit is in our table',
    });
    seenMs.push(performance.now() - began);
    await quiet();
  }
  const ofEdits = (await gets()) - beforeEdits;
  for (const { external_mappings: mapped } of linked) {
    const began = performance.now();
    await call('GET', `${simulator}/v1/customers/${mapped.stripe ?? ''}`);
    getMs.push(performance.now() - began);
  }

  const events = linked.map(({ id, name, external_mappings: mapped }) => ({
    ...{ id: mapped.stripe, object: 'customer', name, email: `own${id - 1}@example.com`, metadata: {} },
  }));
  const secret = await readSecret();
  const busyBefore = await processorMs(pid);
  const stored = await storeMany(`${api}/api/v1/webhooks/stripe`, secret, events);
  await quiet();
  const busy = ((await processorMs(pid)) - busyBefore) / WEBHOOKS;
  const beyond = quantile(seenMs, 0.5) - quantile(getMs, 0.5);
  return [
    [
      `verified webhooks stored, ${IN_FLIGHT} at a time, all roles at work`,
      '≥ 1,000 /s',
      `${round(stored.perSecond)} /s`,
      stored.perSecond >= 1_000,
    ],
    ['  … processor time of that process for each, with all that follows', '', `${busy.toFixed(2)} ms`, true],
    [
      '  … answer time: median, 95 %',
      '',
      `${round(quantile(stored.ms, 0.5))} ms, ${round(quantile(stored.ms, 0.95))} ms`,
      true,
    ],
    ['edit at Stripe → row, idle, beyond a GET: median', '< 100 ms', `${round(beyond)} ms`, beyond < 100],
    ['  … 95 %, GET included', '', `${round(quantile(seenMs, 0.95))} ms`, true],
    [`GETs for each of ${EDITS} edits at Stripe`, '≤ 1', String(ofEdits / EDITS), ofEdits <= EDITS],
    [`GETs for ${2 * CUSTOMERS} echoes of our own writes`, '0', String(ofEchoes), ofEchoes === 0],
  ];
}

/** The webhooks are signed beforehand, so that only receiving them is measured. */
async function storeMany(
  url: string,
  secret: string,
  customers: object[],
): Promise<{ perSecond: number; ms: number[] }> {
  const t = Math.floor(Date.now() / 1_000);
  const signed = Array.from({ length: WEBHOOKS }, (_, n) => {
    const body = JSON.stringify({
      ...{ id: `evt_bench_${n}`, object: 'event', type: 'customer.updated', created: t, livemode: false },
      ...{
        request: { id: null, idempotency_key: null },
        data: { object: customers[n % customers.length], previous_attributes: {} },
      },
    });
    return { body, header: `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}` };
  });
  const ms: number[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let each = signed[next++]; each; each = signed[next++]) {
      const began = performance.now();
      await call('POST', url, each.body, { 'stripe-signature': each.header });
      ms.push(performance.now() - began);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return { perSecond: WEBHOOKS / ((performance.now() - began) / 1_000), ms };
}

/** `up` stores the secret of the endpoint that it made at the simulator. */
async function readSecret(): Promise<string> {
  const text = await readFile(join(folder, 'data', 'webhook-endpoint.json'), 'utf8');
  return (JSON.parse(text) as { secret: string }).secret;
}

/** Over connections that are kept alive; throws on anything but a 2xx. */
function call<T>(
  method: string,
  url: string,
  body?: object | string,
  headers: Record<string, string> = {},
): Promise<T> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const all = {
      ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      ...{ authorization: 'Bearer sk_test_twinbox_simulator' },
      ...headers,
    };
    const sent = request(url, { method, agent, headers: all }, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      answer.once('end', () => {
        const status = answer.statusCode ?? 0;
        if (status < 200 || status > 299) reject(new Error(`${method} ${url} answered ${status}: ${said}`));
        else resolve((said === '' ? null : JSON.parse(said)) as T);
      });
    });
    sent.once('error', reject);
    sent.end(text);
  });
}

/**
 * The processor time of a process so far; only Linux shows it for another process without a
 * command, in hundredths of a second.
 */
async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  return 10 * ((user ?? NaN) + (system ?? NaN));
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
}
