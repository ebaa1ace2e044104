// How many rows a second POST /customers/import writes, beside the same rows sent one by one, and how much
// memory a body of 100,000 rows takes: over HTTP, on a PostgreSQL of its own that does not wait for the disk.
//
//   node bench/import.ts [--rows 20000] [--large 100000]
//
// The goals are 2,000 rows a second, and at most 150 MB more at 100,000 rows than at the start.
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { createDb } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { startApi } from '../test/api/start-api.ts';
import { printTable } from './meter.ts';
import { endServer } from './end-server.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '20000' }, large: { type: 'string', default: '100000' } },
});
const [rows, large] = [Number(values.rows), Number(values.large)];
/** Requests for single rows that are open at a time. */
const OPEN = 8;
const GOAL = { rate: 2_000, megabytes: 150 };

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  log: () => undefined,
  fsync: false,
});
await ensureDatabase(server.url, 'bench');
const db = createDb({ url: databaseUrl(server.url, 'bench'), poolSize: 10, applicationName: 'bench' });
await migrate(db);
await keepPartitions(db, { now: new Date(), retentionDays: 35 });
const api = await startApi({ db });
const agent = new Agent({ keepAlive: true, maxSockets: OPEN });

const customer = (word: string, n: number) =>
  JSON.stringify({ name: `Customer ${n}`, email: `${word}${n}@example.com` });

function* lines(word: string, count: number): Generator<string> {
  for (let n = 0; n < count; n += 1) yield `${customer(word, n)}\n`;
}

/** The last line of the answer. */
async function bring(body: Iterable<string>, query = ''): Promise<{ rows: number; created: number }> {
  const sent = request(`${api.server.url}/api/v1/customers/import${query}`, {
    method: 'POST',
    agent,
    headers: { 'Content-Type': 'application/x-ndjson' },
  });
  Readable.from(body).pipe(sent);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  sent.once('error', reject).once('response', (answer) => {
    let last = '';
    answer.setEncoding('utf8').on('data', (part: string) => (last = (last + part).slice(-2_000)));
    answer.once('error', reject).once('end', () => resolve(last));
  });
  const line = (await promise).trimEnd().split('\n').at(-1) ?? '';
  const said = JSON.parse(line) as { type: string; rows: number; created: number };
  if (said.type !== 'summary') throw new Error(`the import did not end: ${line}`);
  return said;
}

function post(body: string): Promise<undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const call = request(
    `${api.server.url}/api/v1/customers`,
    { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } },
    (answer) => {
      answer.resume().once('end', () => {
        if (answer.statusCode === 201) resolve(undefined);
        else reject(new Error(`POST answered ${answer.statusCode}`));
      });
    },
  );
  call.once('error', reject).end(body);
  return promise;
}

async function postAll(word: string, count: number): Promise<void> {
  let n = 0;
  const sender = async (): Promise<void> => {
    while (n < count) await post(customer(word, n++));
  };
  await Promise.all(Array.from({ length: OPEN }, sender));
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (count / (performance.now() - began)) * 1_000;
}

const shown = (figure: number): string => Math.round(figure).toLocaleString('en-US');

try {
  await bring(lines('warm', 2_000));
  await postAll('warmed', 200);
  const single = await rate(rows / 10, () => postAll('single', rows / 10));
  const created = await rate(rows, () => bring(lines('many', rows)));
  const skipped = await rate(rows, () => bring(lines('many', rows)));
  const tried = await rate(rows, () => bring(lines('tried', rows), '?dry_run=true'));
  const changed = await rate(rows / 10, () =>
    bring(
      Array.from(lines('many', rows / 10), (line) => line.replace('Customer', 'Client')),
      '?on_existing=update',
    ),
  );
  const before = process.memoryUsage().rss;
  let most = before;
  const look = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 50);
  const largeRate = await rate(large, () => bring(lines('large', large)));
  clearInterval(look);
  const more = (most - before) / 1_000_000;
  const beside = (figure: number): string => `${(figure / single).toFixed(1)} ×`;
  printTable([
    ['', 'rows/s', 'beside single', ''],
    [`POST /customers, ${OPEN} at a time`, shown(single), '', ''],
    [...['import of new rows', shown(created), beside(created)], created >= GOAL.rate ? '' : 'not reached'],
    ['import of equal rows', shown(skipped), beside(skipped), ''],
    ['dry run', shown(tried), beside(tried), ''],
    ['import with changes', shown(changed), beside(changed), ''],
    [
      ...[`import of ${shown(large)} rows`, shown(largeRate), beside(largeRate)],
      `${more.toFixed(0)} MB more${more <= GOAL.megabytes ? '' : ': not reached'}`,
    ],
  ]);
} finally {
  agent.destroy();
  await api.server.close();
  await db.destroy();
  await endServer(server);
  await rm(folder, { recursive: true, force: true });
}
