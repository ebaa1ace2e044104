// A real Prometheus reads a running system with load and faults: every query of every dashboard, and what
// every alert compares, has to return data. A dashboard that is empty when it is needed is worse than none.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { boards } from '../../cli/development/dashboards.ts';
import { startSystem, type System } from '../../cli/embedded/system.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import { makeKeys } from '../api/keys-made.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase, type TestDatabase } from '../support/database.ts';
import { needPrometheus, startPrometheus, type Prometheus } from '../support/prometheus.ts';
import { waitUntil } from '../support/signal.ts';
import { ALERTS, readAlerts } from './alerts.ts';

const KEY = 'a-key-of-an-admin-for-this-test';
const WEEK_MS = 7 * 86_400_000;

describe('a Prometheus that reads a running system', function () {
  before(function () {
    needPrometheus(this);
  });
  const database = useDatabase();
  // Stopped before the database is removed.
  describe('with load and faults', () => observe(database));
});

function observe(database: TestDatabase): void {
  let folder: string;
  let system: System | undefined;
  let prometheus: Prometheus | undefined;
  let working: Promise<void> | undefined;
  const stopping = new AbortController();
  const table: string[] = [];

  before('start both', async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'twinbox-observe-'));
    const settings = { DATABASE_URL: database.url, TWINBOX_DATA_DIR: folder, API_KEYS: KEY };
    system = await startSystem({
      config: loadConfig(settings, { envFile: false }),
      log: createLogger({ level: 'error', format: 'json', stream: process.stdout }),
      ports: { api: 0, simulator: 0 },
    });
    const keys = makeKeys(system.db, { clock: createTestClock(new Date()) });
    const { text: key } = await keys.make('viewer', { expiresAt: new Date(Date.now() + WEEK_MS) });
    const target = system.url.replace('http://', '');
    prometheus = await startPrometheus(folder, { target, key, rules: ALERTS });
    working = work(system, stopping.signal);
  });

  after(async () => {
    stopping.abort();
    await working;
    await prometheus?.stop();
    await system?.stop();
    await rm(folder, { recursive: true, force: true });
    console.log(table.join('\n'));
  });

  async function expectData(what: string, queries: readonly string[]): Promise<void> {
    const asked = queries.map((query) => query.replaceAll('$__rate_interval', '30s'));
    const seen: { missing: string[] } = { missing: [] };
    const all = async (): Promise<boolean> => {
      const answers = await Promise.all(
        asked.map(async (query) => ({ query, series: (await prometheus?.query(query)) ?? [] })),
      );
      const isEmpty = ({ value: [, value] }: { value: [number, string] }): boolean => value === 'NaN';
      seen.missing = answers.flatMap(({ query, series }) => (series.every(isEmpty) ? [query] : []));
      return seen.missing.length === 0;
    };
    await waitUntil(all, { timeoutMs: 25_000, everyMs: 250, what }).catch(() => undefined);
    table.push(`      ${what.padEnd(62)} ${seen.missing.length === 0 ? 'returns data' : 'RETURNS NOTHING'}`);
    expect(seen.missing, what).to.deep.equal([]);
  }

  for (const { title, panels } of boards)
    it(`finds data for every panel of "${title}"`, async () => {
      for (const panel of panels) await expectData(`${title}: ${panel.title}`, Object.values(panel.queries));
    }).timeout(50_000);

  it('finds data for what every alert compares', async () => {
    for (const { alert, expr } of await readAlerts()) await expectData(alert, [compared(expr)]);
  }).timeout(50_000);
}

/** The same comparisons, which say 0 or 1 in place of nothing or something. */
function compared(expr: string): string {
  const [watched = ''] = expr.split(/\sunless\s/);
  return watched.replaceAll(/ (>|<|==) /g, ' $1bool ');
}

/** Customers are made and edited, some are refused for good, and a part of the calls fails. */
async function work({ url, simulatorUrl, db }: System, signal: AbortSignal): Promise<void> {
  const send = (address: string, method: string, body: object): Promise<Response> =>
    fetch(address, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
    });
  for (const fault of [
    { kind: 'error_before_effect', contains: 'refused', status: 400, code: 'email_invalid', times: null },
    { kind: 'drop_answer', method: 'POST', probability: 0.3 },
  ])
    await send(`${simulatorUrl ?? ''}/_sim/faults`, 'POST', fault);
  await fetch(`${url}/api/v1/webhooks/stripe`, { method: 'POST', body: '{}' });
  const isStopped = (): boolean => signal.aborted;
  for (let at = 0; !isStopped() && at < 300; at += 1) {
    const email = `${at % 10 === 3 ? 'refused' : 'one'}${at}@observed.example`;
    await send(`${url}/api/v1/customers`, 'POST', { name: `Customer ${at}`, email });
    // As a person would who works beside it.
    await db.raw('select pg_sleep(0.1)');
  }
}
