import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { listJobs, type ReplayJob } from '../../../db/replays/jobs.ts';
import { databaseUrl } from '../../../db/server/server.ts';
import { planReplay } from '../../../lib/operations/replay.ts';
import { environmentWith } from '../../support/environment.ts';
import { testServerUrl } from '../../support/server.ts';
import { waitUntil } from '../../support/signal.ts';
import { useTwoWay } from '../../support/two-way.ts';

const CHILD = new URL('../../support/replay-child.ts', import.meta.url).pathname;
const CUSTOMERS = 9;

describe('a process that is killed in a replay', () => {
  const world = useTwoWay();

  /** Runs a process of its own at the world's time; the signal that ended it. */
  async function run(failpoints: string, plan?: string): Promise<NodeJS.Signals | null> {
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>(`select current_database() as name`);
    const url = databaseUrl(await testServerUrl(), rows[0]?.name ?? '');
    const args = [CHILD, url, world.clock.now().toISOString(), failpoints, ...(plan ? [plan] : [])];
    const child = spawn(process.execPath, args, { env: environmentWith({}), stdio: 'inherit' });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal === null) expect(code).to.equal(0);
    await waitUntil(
      async () =>
        (
          await world.db.raw<{ rows: unknown[] }>(
            `select from pg_stat_activity where datname = current_database() and application_name = 'replay-child'`,
          )
        ).rows.length === 0,
      { timeoutMs: 10_000, everyMs: 5, what: 'its transaction has ended' },
    );
    return signal;
  }

  async function only(): Promise<ReplayJob> {
    const [job, ...others] = await listJobs(world.db, { before: null, limit: 10 });
    if (!job || others.length > 0) throw new Error('there is not one job');
    const { rows } = await world.db.raw<{ rows: { state: string; n: number }[] }>(
      `select state, count(*) as n from replay_items group by state`,
    );
    for (const { state, n } of rows) expect(job[state as 'queued'], state).to.equal(n);
    return job;
  }

  const raisedPairs = async (): Promise<number> =>
    (
      await world.db.raw<{ rows: { n: number }[] }>(
        `select count(*) as n from external_mappings where dirty <> clean`,
      )
    ).rows[0]?.n ?? 0;

  it('leaves a round done or not done, whatever the moment; the counts are exact, and each create is made once', async () => {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: CUSTOMERS } as const),
      status: 400,
    });
    for (let n = 0; n < CUSTOMERS; n++) await world.create();
    await world.rest();
    const { hash } = await planReplay(world.deps, { system: 'stripe' });

    expect(await run('replay.begun=kill', hash)).to.equal('SIGKILL');
    expect(await world.db('replay_jobs')).to.deep.equal([]);
    expect(await world.db('operator_actions')).to.deep.equal([]);
    expect(await run('', hash)).to.equal(null);
    expect(await only()).to.include({ queued: CUSTOMERS, raised: 0 });

    expect(await run('replay.before-commit=kill')).to.equal('SIGKILL');
    expect(await only()).to.include({ queued: CUSTOMERS, raised: 0 });
    expect(await raisedPairs()).to.equal(0);

    expect(await run('replay.after-commit=kill')).to.equal('SIGKILL');
    expect(await only()).to.include({ queued: CUSTOMERS - 4, raised: 4 });
    expect(await raisedPairs()).to.equal(4);
    await run('');
    expect(await only()).to.include({ queued: CUSTOMERS - 4, raised: 4 });

    await world.rest();
    expect(await run('replay.before-commit=kill')).to.equal('SIGKILL');
    expect(await only()).to.include({ raised: 4, done: 0 });
    for (let round = 0; round < 4; round++) {
      world.advance(1_000);
      await run(round === 1 ? 'replay.after-commit=kill' : '');
      await world.rest();
    }
    expect(await only()).to.include({ state: 'finished', done: CUSTOMERS, queued: 0, raised: 0 });
    expect(world.simulator.customers()).to.have.length(CUSTOMERS);
    expect(world.calls().filter((call) => call === 'POST /v1/customers')).to.have.length(2 * CUSTOMERS);
  });
});
