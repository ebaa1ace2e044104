// How long the lists of the API take with much in the database: events, deliveries, calls, refusals, groups,
// timelines and the record of operations, over HTTP, on a PostgreSQL of its own.
//
//   node bench/lists.ts [--events 1000000] [--customers 100000] [--requests 60] [--only /deliveries]
//   node bench/lists.ts --database URL: on one that fillLists has filled; it is left as it is
//
// The goal: the p95 of every list below 50 ms. One request after the other; ids and places change from one to
// the next, so that no answer is that of the request before.
import { parseArgs } from 'node:util';
import { startApi } from '../test/api/start-api.ts';
import { openLists } from './lists-database.ts';
import { relayBehind } from './lists-fill.ts';
import { printTable, quantile } from './meter.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    customers: { type: 'string', default: '100000' },
    requests: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    database: { type: 'string' },
  },
});
const [events, customers, requests] = [
  Number(values.events),
  Number(values.customers),
  Number(values.requests),
];
const GOAL_MS = 50;

const now = new Date();
const { db, close } = await openLists({ events, customers, now, poolSize: 4, database: values.database });
const api = await startApi({ db });

const customer = (n: number): number => 1 + ((n * 7_919) % customers);
const since = (hours: number): string => new Date(now.getTime() - hours * 3_600_000).toISOString();
const first = (path: string) => (): string => path;
const routes: Record<string, (n: number) => string> = {
  '/customers/by-need': first('/customers/by-need'),
  '/events': first('/events'),
  '/events?type=customer.deleted': first('/events?type=customer.deleted'),
  '/events?status=parked': first('/events?status=parked'),
  '/events?status=applied&since&until': (n) =>
    `/events?status=applied&since=${since(400 + n)}&until=${since(399 + n)}`,
  '/events?status=unpublished': first('/events?status=unpublished'),
  '/events?needs_attention=true': first('/events?needs_attention=true'),
  '/events?error=email_invalid': first('/events?error=email_invalid'),
  '/events?customer=…': (n) => `/events?customer=${customer(n)}`,
  '/customers/…/timeline': (n) => `/customers/${customer(n)}/timeline`,
  '/customers/…/timeline, the busiest': first('/customers/1/timeline'),
  '/deliveries': first('/deliveries'),
  '/deliveries?status=parked': first('/deliveries?status=parked'),
  '/deliveries?status=parked,waiting': first('/deliveries?status=parked,waiting'),
  '/deliveries?status=queued': first('/deliveries?status=queued'),
  '/deliveries?customer=…': (n) => `/deliveries?customer=${customer(n)}`,
  '/attempts': first('/attempts'),
  '/attempts?customer=…': (n) => `/attempts?customer=${customer(n)}`,
  '/attempts?customer=…, the busiest': first('/attempts?customer=1'),
  '/refusals': first('/refusals'),
  '/refusals?reason=…, a rare one': first('/refusals?reason=account_mismatch'),
  '/groups': first('/groups'),
  '/audit': first('/audit'),
  '/audit?action=…, a rare one': first('/audit?action=revoke_key'),
  '/audit?system=…, a rare one': first('/audit?system=other'),
  '/audit?actor=…, a rare one': first('/audit?actor=cli%3Aada%20on%20host'),
  '/audit?customer=…': (n) => `/audit?customer=${customer(n)}`,
  '/audit?since&until': (n) => `/audit?since=${since(400 + n)}&until=${since(399 + n)}`,
  '/lanes': first('/lanes'),
  '/traffic': first('/traffic'),
};

async function measure(path: (n: number) => string): Promise<{ ms: number[]; rows: number }> {
  const ms: number[] = [];
  let rows = 0;
  for (let n = -5; n < requests; n += 1) {
    const began = performance.now();
    const answer = await fetch(`${api.server.url}/api/v1${path(n + 5)}`);
    const body: unknown = await answer.json();
    if (n >= 0) ms.push(performance.now() - began);
    if (!answer.ok) throw new Error(`${path(n + 5)} answered ${answer.status}: ${JSON.stringify(body)}`);
    rows = Array.isArray(body) ? body.length : 1;
  }
  return { ms, rows };
}

try {
  const shown = [['route', 'rows', 'p50 ms', 'p95 ms', 'goal', '']];
  const round = async (named: (route: string) => string, of: Record<string, (n: number) => string>) => {
    for (const [route, path] of Object.entries(of)) {
      if (!route.includes(values.only)) continue;
      const { ms, rows } = await measure(path);
      const p95 = quantile(ms, 0.95);
      const figures = [quantile(ms, 0.5), p95].map((each) => each.toFixed(1));
      shown.push([
        named(route),
        String(rows),
        ...figures,
        String(GOAL_MS),
        p95 <= GOAL_MS ? '' : 'not reached',
      ]);
    }
  };
  await round((route) => route, routes);
  if (values.database === undefined) {
    const behind = Math.min(200_000, events / 2);
    await relayBehind(db, { events, behind });
    await round((route) => `${route}, the relay ${behind} behind`, {
      '/events?status=unpublished': first('/events?status=unpublished'),
      '/events?status=published': first('/events?status=published'),
    });
  }
  printTable(shown);
} finally {
  await api.server.close();
  await close();
}
