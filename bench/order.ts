/**
 * How long an edit takes to Stripe while an import waits for its records: everything in one
 * process, as `twinbox up` runs it, with Stripe's limits of a live account (100 requests a second
 * in all, 25 at one endpoint), and `twinbox import` in another process. In test mode (`--account
 * 25`) a create and the search before it share one limit.
 *
 *   node bench/order.ts [--rows 10000] [--seconds 60] [--account 100]
 *
 * Edits of customers that have long been linked go on, two a second, from the beginning of the
 * import until `--seconds` after its end. The wait that the limit itself causes is that of one
 * request in an idle account: the time of one token. The rate of creates is counted from the end of
 * the import, when only the limit slows them down.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase, type OpenDatabase } from '../cli/database.ts';
import { removeEmbeddedPostgres } from '../cli/embedded/remove.ts';
import { table } from '../cli/output.ts';
import { readSyncBacklog } from '../db/health/readiness.ts';
import { readRelayLag } from '../db/relay/lag.ts';
import { ignoreConnectionSettings, loadConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/log.ts';
import { sleep, waitUntil } from '../lib/loop.ts';
import { startUp, type UpProcess } from './up-process.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    account: { type: 'string', default: '100' },
  },
});
const ROWS = Number(values.rows);
const SECONDS = Number(values.seconds);
const ACCOUNT = Number(values.account);
const ENDPOINT = 25;
const OLD = 50;
const EDIT_EVERY_MS = 500;
/** An edit that is not at Stripe by then is counted with this time. */
const AT_MOST_MS = 60_000;
/** If something hangs, the measurement ends after this time. */
const LIMIT_MS = 240_000 + SECONDS * 1_000 + AT_MOST_MS;

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const settings = {
  ...ignoreConnectionSettings(),
  TWINBOX_DATA_DIR: join(folder, 'data'),
  STRIPE_RATE_LIMIT: String(ACCOUNT),
  STRIPE_ENDPOINT_RATE_LIMIT: String(ENDPOINT),
};
const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  process.exit(1);
}, LIMIT_MS);
try {
  const simulated = {
    SIMULATOR_PORT: '0',
    SIMULATOR_GLOBAL_PER_SECOND: String(ACCOUNT),
    SIMULATOR_ENDPOINT_PER_SECOND: String(ENDPOINT),
  };
  const up = await startUp({ ...settings, ...simulated, API_PORT: '0', LOG_LEVEL: 'warn' }, folder);
  const database = await openDatabase(
    loadConfig(settings, { envFile: false }),
    createLogger({ level: 'error', format: 'pretty' }),
  );
  try {
    await measure(up, database);
  } finally {
    up.child.kill('SIGTERM');
    await up.exited;
    await database.close();
  }
} finally {
  clearTimeout(limit);
  await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

async function measure({ api }: UpProcess, { db }: OpenDatabase): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const old: number[] = [];
  for (let at = 0; at < OLD; at += 1)
    old.push(
      await send(agent, 'POST', `${api}/api/v1/customers`, {
        name: `Old ${at}`,
        email: `old${at}@example.com`,
      }),
    );
  await waitUntil(
    async () => (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0,
    { timeoutMs: 60_000, what: 'the old customers are at Stripe' },
  );
  const began = new Date();
  const importing = await startImport();
  let edits = 0;
  let imported = Infinity;
  void importing.exited.then(() => (imported = Date.now()));
  while (Date.now() < imported + SECONDS * 1_000) {
    const id = old[edits % OLD];
    edits += 1;
    await send(agent, 'PATCH', `${api}/api/v1/customers/${id}`, { name: `Edit ${edits}` });
    await sleep(EDIT_EVERY_MS);
  }
  const ended = new Date();
  const { dirty } = await readSyncBacklog(db);
  if (dirty < ENDPOINT) throw new Error('all imported rows were at Stripe before the end: take more --rows');
  await waitUntil(async () => (await openEdits()) === 0 || Date.now() > ended.getTime() + AT_MOST_MS, {
    timeoutMs: AT_MOST_MS * 2,
    what: 'the edits are at Stripe',
  });
  agent.destroy();

  const wait = 1_000 / Math.min(ACCOUNT, ENDPOINT);
  const beyond = (await editTimes()).map((ms) => ms - wait);
  const creates = await callRate('create');
  const updates = await callRate('update');
  // Before each create Stripe is searched for the email: two requests of the account, at two
  // endpoints.
  const expected = Math.min(ENDPOINT, (ACCOUNT - updates) / 2);
  const rows: [string, string, string, boolean][] = [
    [
      `${edits} edits beside ${ROWS} imported rows, beyond the limit's own wait: median`,
      '',
      seconds(quantile(beyond, 0.5)),
      true,
    ],
    ['  … 95 %', '< 3 s', seconds(quantile(beyond, 0.95)), quantile(beyond, 0.95) < 3_000],
    ['  … the longest', '', seconds(quantile(beyond, 1)), true],
    [
      `creates, of ${ENDPOINT} /s at that endpoint and ${ACCOUNT} /s in all`,
      `≥ 95 % of ${expected.toFixed(1)} /s`,
      `${creates.toFixed(1)} /s`,
      creates >= expected * 0.95,
    ],
    ['  … rows that still wait at the end of the measurement', '', String(dirty), true],
  ];
  const lines = rows.map(([what, goal, figure, reached]) => [
    what,
    goal,
    figure,
    reached ? '' : 'not reached',
  ]);
  console.log(
    `Order: edits beside an import, which took ${seconds(imported - began.getTime())}, and ${SECONDS} s more`,
  );
  for (const line of table([['', 'goal', 'measured', ''], ...lines])) console.log(line.trimEnd());

  async function openEdits(): Promise<number> {
    return (await editTimes()).filter((ms) => ms >= AT_MOST_MS).length;
  }

  async function editTimes(): Promise<number[]> {
    const { rows: found } = await db.raw<{ rows: { ms: number | null }[] }>(
      `select extract(epoch from d.settled_at - e.created_at)::float8 * 1000 as ms
       from sync_events e left join sync_deliveries d on d.event_id = e.event_id and d.target = 'stripe'
       where e.event_type = 'customer.updated' and e.created_at >= :began`,
      { began },
    );
    return found.map(({ ms }) => ms ?? AT_MOST_MS);
  }

  /** Calls a second, from the end of the import to the last edit. */
  async function callRate(operation: 'create' | 'update'): Promise<number> {
    const from = new Date(imported);
    const { rows: found } = await db.raw<{ rows: { count: number }[] }>(
      `select count(*) from sync_intents where operation = :operation and closed_at >= :from and closed_at < :ended`,
      { operation, from, ended },
    );
    return (found[0]?.count ?? 0) / ((ended.getTime() - from.getTime()) / 1_000);
  }
}

/** Runs `npx twinbox import` with a file of ROWS rows. */
async function startImport(): Promise<{ exited: Promise<unknown> }> {
  const file = join(folder, 'rows.csv');
  const rows = Array.from({ length: ROWS }, (_, at) => `Imported ${at},imported${at}@example.com`);
  await writeFile(file, `name,email\n${rows.join('\n')}\n`);
  const command = join(import.meta.dirname, '../cli/bin.mjs');
  const child = spawn(process.execPath, [command, 'import', file], {
    cwd: folder,
    env: settings,
    stdio: 'ignore',
  });
  return { exited: once(child, 'exit') };
}

/** One call of the API; returns the id of the customer in the answer. */
function send(agent: Agent, method: string, url: string, body: object): Promise<number> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const call = request(url, { method, agent, headers }, (answer) => {
      let got = '';
      answer.setEncoding('utf8').on('data', (part: string) => (got += part));
      answer.once('end', () => {
        if (answer.statusCode === 200 || answer.statusCode === 201)
          resolve((JSON.parse(got) as { id: number }).id);
        else reject(new Error(`${method} ${url} answered ${answer.statusCode}: ${got}`));
      });
    });
    call.once('error', reject);
    call.end(text);
  });
}

function quantile(list: number[], part: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
