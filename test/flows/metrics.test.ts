// After a run with faults the counters of the metrics are what the ledgers say that really happened:
// the simulator's list of the requests that reached it, the deliveries, the events, the relay's cursor.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startSystem, type System } from '../../cli/embedded/system.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import type { LedgerEntry } from '../../simulator/control/ledger-book.ts';
import { call } from '../cli/twinbox.ts';
import { useDatabase, type TestDatabase } from '../support/database.ts';
import { parseMetrics, sumOf, type Series } from '../support/exposition.ts';
import { waitUntil } from '../support/signal.ts';

const COUNT = 16;
const REFUSED = 3;
const FORGED = 4;
const soon = { timeoutMs: 40_000, everyMs: 100 };

describe('the counters after a run with faults', () => {
  const database = useDatabase();
  // Stopped before the database is removed.
  describe('in one process', () => compareCounters(database));
});

function compareCounters(database: TestDatabase): void {
  let folder: string;
  let system: System | undefined;

  const running = (): System => {
    if (!system) throw new Error('it does not run');
    return system;
  };
  const api = (path: string): string => `${running().url}${path}`;
  const sim = (path: string): string => `${running().simulatorUrl ?? ''}/_sim${path}`;
  const scrape = async (): Promise<Series[]> => parseMetrics(await (await fetch(api('/metrics'))).text());
  const ledger = (): Promise<LedgerEntry[]> => call<LedgerEntry[]>('GET', sim('/ledger'));
  async function rows<T>(sql: string): Promise<T[]> {
    return (await running().db.raw<{ rows: T[] }>(sql)).rows;
  }
  const number = async (sql: string): Promise<number> => Number((await rows<{ n: number }>(sql))[0]?.n);

  before('run it with faults until all is at rest', async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'twinbox-metrics-'));
    system = await startSystem({
      config: loadConfig({ DATABASE_URL: database.url, TWINBOX_DATA_DIR: folder }, { envFile: false }),
      log: createLogger({ level: 'error', format: 'json', stream: process.stdout }),
      ports: { api: 0, simulator: 0 },
    });
    for (const fault of [
      { kind: 'error_before_effect', contains: 'refused', status: 400, code: 'email_invalid', times: null },
      { kind: 'error_before_effect', method: 'POST', times: 3, status: 500, stored: false },
      { kind: 'drop_answer', method: 'POST', times: 2 },
      { kind: 'reset', method: 'POST', times: 2 },
    ])
      await call('POST', sim('/faults'), fault);
    await Promise.all(
      Array.from({ length: COUNT }, (_, at) =>
        call('POST', api('/api/v1/customers'), {
          name: `Customer ${at}`,
          email: `${at < REFUSED ? 'refused' : 'one'}${at}@ledger.example`,
        }),
      ),
    );
    const forged = {
      method: 'POST',
      headers: { 'Stripe-Signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` },
    };
    for (let at = 0; at < FORGED; at += 1)
      expect((await fetch(api('/api/v1/webhooks/stripe'), { ...forged, body: '{}' })).status).to.equal(400);
    await waitUntil(
      async () =>
        (await number(
          `select count(*) as n from external_mappings where state = 'linked' or (state = 'parked' and dirty = clean)`,
        )) === COUNT &&
        (await number(`select count(*) as n from external_mappings where dirty <> clean`)) === 0,
      { ...soon, what: 'every pair is at rest' },
    );
    await call('DELETE', sim('/faults'));
    await waitUntil(
      async () =>
        (await number(`select count(*) as n from sync_deliveries where target = 'internal'`)) >=
        COUNT - REFUSED,
      { ...soon, what: 'every record that was made has come back' },
    );
  });

  after(async () => {
    await system?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Work may still go on beside: counters and ledger are read until they were read at one moment. */
  async function agree(
    what: string,
    ours: (series: Series[]) => unknown,
    theirs: () => Promise<unknown>,
  ): Promise<void> {
    const seen: { counted?: unknown; kept?: unknown } = {};
    await waitUntil(
      async () => {
        const kept = await theirs();
        Object.assign(seen, { kept, counted: ours(await scrape()) });
        return JSON.stringify(seen.counted) === JSON.stringify(kept);
      },
      { timeoutMs: 10_000, everyMs: 100, what },
    ).catch(() => expect(seen.counted, what).to.deep.equal(seen.kept));
  }

  const sorted = (counts: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));

  function tally(keys: readonly string[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
    return sorted(counts);
  }

  const byLabels = (series: Series[], name: string, keyOf: (labels: Record<string, string>) => string) => {
    const counts: Record<string, number> = {};
    for (const one of series.filter((each) => each.name === name && each.value > 0))
      counts[keyOf(one.labels)] = (counts[keyOf(one.labels)] ?? 0) + one.value;
    return sorted(counts);
  };

  it('of requests to the system are the ledger of the simulator', async () => {
    await agree(
      'requests',
      (series) =>
        byLabels(
          series,
          'sync_system_requests_total',
          ({ method, status, replayed }) => `${method} ${status} ${replayed}`,
        ),
      async () =>
        tally(
          (await ledger())
            // The process that starts a simulator makes its endpoint there, before the engine runs.
            .filter(({ source, path }) => source === 'api' && path !== '/v1/webhook_endpoints')
            .map(({ method, status, replayed, answered }) =>
              answered ? `${method} ${String(status)} ${String(replayed)}` : `${method} none false`,
            ),
        ),
    );
    const series = await scrape();
    expect(sumOf(series, 'sync_system_requests_total', { status: 'none' })).to.be.above(0);
  });

  it('of outcomes are the deliveries, and of parked ones the notices', async () => {
    await agree(
      'outcomes',
      (series) => byLabels(series, 'sync_events_total', ({ direction, result }) => `${direction} ${result}`),
      async () => {
        const settled = await rows<{ key: string; n: number }>(
          `select case target when 'internal' then 'inbound ' else 'outbound ' end || status as key, count(*)::integer as n
           from sync_deliveries where status not in ('queued', 'waiting', 'parked', 'origin') group by 1`,
        );
        const parked = await number(
          `select count(*) as n from sync_events where event_type = 'delivery.parked'`,
        );
        const counts: [string, number][] = settled.map(({ key, n }) => [key, n]);
        return sorted(Object.fromEntries([...counts, ['outbound parked', parked]]));
      },
    );
    const parked = await rows<{ email: string; times: number }>(
      `select c.email, count(*)::integer as times
       from sync_events e join customers c on c.id = e.entity_id
       where e.event_type = 'delivery.parked' group by c.email order by c.email`,
    );
    const refused = Array.from({ length: REFUSED }, (_, at) => ({
      email: `refused${at}@ledger.example`,
      times: 1,
    }));
    expect(parked).to.deep.equal(refused);
  });

  it('of calls are the attempts that are stored', async () => {
    await agree(
      'attempts',
      (series) => sumOf(series, 'sync_attempts_total'),
      () => number(`select count(*) as n from sync_attempts`),
    );
    expect(sumOf(await scrape(), 'sync_attempts_total', { kind: 'retry' })).to.be.above(0);
  });

  it('of the relay are its cursor, and of records from the bus the deliveries', async () => {
    await agree(
      'published',
      (series) => sumOf(series, 'sync_relay_publish_total', { result: 'published' }),
      () => number(`select published as n from relay_cursor`),
    );
    await agree(
      'consumed',
      (series) => sumOf(series, 'sync_consumed_total', { result: 'taken' }),
      () => number(`select count(*) as n from sync_deliveries where status <> 'origin'`),
    );
  });

  it('of the promise have one time for each change that came to its outcome', async () => {
    await agree(
      'propagation',
      (series) => sumOf(series, 'sync_propagation_seconds_count'),
      async () =>
        number(
          `select (select count(*) from sync_deliveries where status not in ('queued', 'waiting', 'parked', 'origin', 'echo'))
                + (select count(*) from sync_events where event_type = 'delivery.parked') as n`,
        ),
    );
  });

  it('of the API are its requests, and of webhooks those that were forged', async () => {
    const series = await scrape();
    const made = { method: 'POST', route: '/api/v1/customers', status: '201' };
    expect(sumOf(series, 'sync_http_requests_total', made)).to.equal(COUNT);
    expect(sumOf(series, 'webhook_received_total', { result: 'forged' })).to.equal(FORGED);
    expect(sumOf(series, 'webhook_received_total', { result: 'accepted' })).to.be.above(0);
  });

  it('come in less than 100 kB', async () => {
    const text = await (await fetch(api('/metrics'))).text();
    expect(Buffer.byteLength(text)).to.be.below(100_000);
    expect(text).not.to.match(/@|cus_/);
  });
}
