// A replay of 10,000 parked customers, whose process is killed in the middle: the counts are exact, and
// Stripe has done each create once.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitUntil } from '../support/signal.ts';
import { useDatabase } from '../support/database.ts';
import { createSimulator } from '../../simulator/simulator.ts';
import { call, usePlace, type Up } from '../cli/twinbox.ts';

const ROWS = 10_000;
const RATE = 200;
/** The shares of the job at which the process is killed. */
const KILLS = [0.15, 0.45, 0.75];

type Job = { id: number; state: string; pairs: number; deliveries: number } & Counts;
type Counts = {
  queued: number;
  raised: number;
  done: number;
  failed: number;
  skipped: number;
  cancelled: number;
};

describe('a replay whose process is killed', function () {
  this.timeout(0);
  const database = useDatabase();
  // In this process, so that it outlives the one that is killed.
  const simulator = createSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: null } });
  let address = '';
  const place = usePlace(() => ({
    DATABASE_URL: database.url,
    SIMULATOR_URL: address,
    STRIPE_RATE_LIMIT: '2000',
    STRIPE_ENDPOINT_RATE_LIMIT: '500',
  }));
  let up: Up;

  async function start(): Promise<void> {
    up = await place.up();
  }

  const count = async (where: string): Promise<number> =>
    (await database.db.raw<{ rows: { n: number }[] }>(`select count(*) as n from ${where}`)).rows[0]?.n ?? -1;

  const job = (id: number): Promise<Job> => call('GET', `${up.api}/api/v1/replays/${id}`);

  before('ten thousand customers whose creates Stripe refuses', async () => {
    ({ url: address } = await simulator.listen());
    await start();
    simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: ROWS } as const),
      status: 400,
    });
    const file = join(place.folder, 'many.csv');
    const rows = Array.from({ length: ROWS }, (_, at) => `Customer ${at},c${at}@example.com`);
    await writeFile(file, ['name,email', ...rows].join('\n'));
    const { code, stderr } = await place.run(['import', file]);
    expect(code, stderr).to.equal(0);
    await waitUntil(async () => (await count(`external_mappings where state = 'parked'`)) === ROWS, {
      ...{ timeoutMs: 1_200_000, everyMs: 1_000, what: 'all are parked' },
    });
    simulator.faults.clear();
  });
  after(() => simulator.close());

  it(`does each of ${ROWS} once, and counts each once, over ${KILLS.length} kills`, async () => {
    const begun = performance.now();
    const { plan, counts } = await call<{ plan: string; counts: { deliveries: number } }>(
      ...(['POST', `${up.api}/api/v1/replay-plans`, { rate: RATE }] as const),
    );
    expect(counts).to.deep.include({ deliveries: ROWS, pairs: ROWS });
    const asked = { plan, rate: RATE, reason: 'the proof' };
    const { id } = await call<Job>('POST', `${up.api}/api/v1/replays`, asked);
    for (const share of KILLS) {
      await waitUntil(async () => (await job(id)).queued <= ROWS * (1 - share), {
        ...{ timeoutMs: 600_000, everyMs: 50, what: `${share} of the pairs are raised` },
      });
      up.process.kill('SIGKILL');
      await up.exited;
      const left = await database.db.raw<{ rows: Counts[] }>(`select * from replay_jobs where id = ${id}`);
      await expectExact(id, left.rows[0]);
      await start();
    }
    await waitUntil(async () => (await job(id)).state === 'finished', {
      ...{ timeoutMs: 1_200_000, everyMs: 500, what: 'it is finished' },
    });
    const seconds = Math.round((performance.now() - begun) / 1_000);
    const done = await job(id);
    await expectExact(id, done);
    expect(done).to.include({ pairs: ROWS, deliveries: ROWS, done: ROWS, queued: 0, raised: 0 });
    expect(done).to.include({ failed: 0, skipped: 0, cancelled: 0 });
    const effects = simulator.ledger.effects();
    expect(effects).to.deep.include({ created: ROWS, living: ROWS, repeated: [] });
    expect(await count(`external_mappings where state = 'linked'`)).to.equal(ROWS);
    expect(await count('operator_actions')).to.equal(1);
    console.log(
      `    ${ROWS} pairs at ${RATE}/s in ${seconds} s with ${KILLS.length} kills: ${done.done} done, ${effects.created} created at Stripe, ${effects.repeated.length} keys with two effects`,
    );
  });

  /** The counts of the job are the numbers of its items. */
  async function expectExact(id: number, counts: Counts | undefined): Promise<void> {
    const { rows } = await database.db.raw<{ rows: { state: string; n: number }[] }>(
      `select state, count(*) as n from replay_items where job_id = ${id} group by state`,
    );
    const items = new Map(rows.map(({ state, n }) => [state, n]));
    for (const state of ['queued', 'raised', 'done', 'failed', 'skipped', 'cancelled'] as const)
      expect(counts?.[state], state).to.equal(items.get(state) ?? 0);
  }
});
