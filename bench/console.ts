// How long the pages of the console take with much in the database, and how large they are.
//
//   node bench/console.ts [--events 1000000] [--customers 100000] [--requests 40]
//
// The goals: a page is made within 10 ms of the last answer of the API (`render`, median), the p95 of the whole
// answer over HTTP is below 100 ms, a page of 50 rows below 60 kB, css and js together below 8 kB packed, and all
// that a first page loads below 150 kB.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createConsole } from '../console/console.ts';
import { loadConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/log.ts';
import { createOfflineDeps } from '../lib/process/systems.ts';
import { startApi } from '../test/api/start-api.ts';
import { openLists } from './lists-database.ts';
import { printTable, quantile } from './meter.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    customers: { type: 'string', default: '100000' },
    requests: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
    database: { type: 'string' },
  },
});
const [events, customers, requests] = [
  Number(values.events),
  Number(values.customers),
  Number(values.requests),
];
const { db, close } = await openLists({
  ...{ events, customers, now: new Date(), poolSize: 8 },
  database: values.database,
});
const config = loadConfig({ DATABASE_URL: 'postgresql://localhost/bench' }, { envFile: false });
const systems = await createOfflineDeps(config, { db, log: createLogger({ ...config.log, level: 'warn' }) });
const planners = new Map(systems.map((deps) => [deps.integration.system, deps]));
const api = await startApi({ db, planners, console: {} });

/** When the last answer of the API was read. */
let answered = 0;
const pages = createConsole({
  api: {
    origin: () => api.server.url,
    fetch: async (...given) => {
      const answer = await fetch(...given);
      const text = await answer.text();
      answered = performance.now();
      return new Response(answer.status === 204 ? null : text, answer);
    },
  },
  session: {
    isOpen: () => Promise.resolve(true),
    secrets: () => Promise.resolve([Buffer.from('bench')]),
    takeLink: () => null,
    checkKey: () => Promise.reject(new Error('not asked')),
  },
  clock: { now: () => new Date() },
  environment: 'test',
  anyHost: true,
  log: { warn: () => undefined, error: () => undefined },
});

const customer = (n: number): number => 1 + ((n * 7_919) % customers);
const [event] = (await db.raw<{ rows: { id: string }[] }>('select event_id as id from sync_events limit 1'))
  .rows;
const [group] = (await (await fetch(`${api.server.url}/api/v1/groups`)).json()) as { fingerprint: string }[];
const { json: plan } = await api.send('POST', '/api/v1/replay-plans', {
  body: { group: group?.fingerprint },
});
const asked: Record<string, (n: number) => string> = {
  '/': () => '',
  '/customers': () => '/customers',
  '/customers/…': (n) => `/customers/${customer(n)}`,
  '/customers/…, the busiest': () => '/customers/1',
  '/events': () => '/events',
  '/events?status=parked': () => '/events?status=parked',
  '/events/…': () => `/events/${event?.id}`,
  '/attention': () => '/attention',
  '/attention?tab=stuck': () => '/attention?tab=stuck',
  '/attention?tab=echoes': () => '/attention?tab=echoes',
  '/groups/…': () => `/groups/${group?.fingerprint}`,
  '/conflicts': () => '/conflicts',
  '/replays': () => '/replays',
  '/replays/plans/…': () => `/replays/plans/${String(plan['plan'])}`,
  '/health': () => '/health',
  '/audit': () => '/audit',
  '/find?q=…': (n) => `/find?q=c${customer(n)}@example.com`,
};

async function measure(path: (n: number) => string) {
  const [render, whole]: number[][] = [[], []];
  let bytes = 0;
  let status = 0;
  for (let n = -5; n < requests; n += 1) {
    const to = `/console${path(n + 5)}`;
    await (
      await pages.respond(new Request(`http://127.0.0.1${to}`, { headers: { Host: '127.0.0.1' } }), {
        address: '127.0.0.1',
        requestId: 'bench',
        close: new AbortController().signal,
      })
    ).text();
    const made = performance.now() - answered;
    const began = performance.now();
    const answer = await fetch(api.server.url + to, { redirect: 'manual' });
    bytes = (await answer.text()).length;
    status = answer.status;
    if (n < 0) continue;
    render?.push(made);
    whole?.push(performance.now() - began);
  }
  return { render: render ?? [], whole: whole ?? [], bytes, status };
}

const rows: string[][] = [];
for (const [name, path] of Object.entries(asked)) {
  if (!name.includes(values.only)) continue;
  const { render, whole, bytes, status } = await measure(path);
  const [r50, w50, w95] = [quantile(render, 0.5), quantile(whole, 0.5), quantile(whole, 0.95)];
  const kept = r50 < 10 && w95 < 100 && bytes < 60_000 && status < 400;
  rows.push([
    name,
    String(status),
    ...[r50, w50, w95].map((ms) => ms.toFixed(1)),
    (bytes / 1_000).toFixed(1),
    kept ? '' : '!',
  ]);
}
printTable([['page', 'status', 'render p50 ms', 'answer p50 ms', 'p95 ms', 'kB', ''], ...rows]);

const files = ['console.css', 'live.js', 'keys.js'].map((name) =>
  readFileSync(new URL(`../console/${name}`, import.meta.url)),
);
const packed = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
const plain = files.reduce((sum, file) => sum + file.length, 0);
console.log(
  `css + js: ${(packed / 1_000).toFixed(1)} kB packed, ${(plain / 1_000).toFixed(1)} kB plain, with ${events} events and ${customers} customers`,
);

await api.server.close();
await close();
