import { expect } from 'chai';
import { readSlowed } from '../../../db/limits/buckets.ts';
import { readConnection } from '../../../db/connections.ts';
import { paced } from '../../../lib/limits/paced.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('reading that belongs to no customer', () => {
  const world = useTwoWay({ policy: { rates: { account: 1_000, endpoint: 20 } } });

  const account = async (): Promise<string> =>
    (await readConnection(world.db, 'stripe'))?.account ?? 'not bound';

  it('takes its turns from the same buckets as the workers', async () => {
    const { db, clock, integration, deps } = world;
    const reading = paced(integration, {
      db,
      clock,
      account: await account(),
      rates: deps.policy.rates,
      log: deps.log,
    });
    const begin = performance.now();
    for (let n = 0; n < 12; n++) for await (const page of reading.list({})) expect(page).to.deep.equal([]);
    // 12 pages and 12 ends of lists, at most 8 of them saved up, at 20 a second.
    expect(performance.now() - begin).to.be.greaterThan(700);
  });

  it('is slowed for all when the system says "too often"', async () => {
    const { db, clock, integration, deps } = world;
    world.simulator.faults.add({ kind: 'rate_limit', reason: 'endpoint-rate', method: 'GET', times: 1 });
    const reading = paced(integration, {
      db,
      clock,
      account: await account(),
      rates: deps.policy.rates,
      log: deps.log,
    });
    const refused = await reading.fetch('cus_nobody').catch((error: unknown) => reading.classify(error));
    expect(refused).to.include({ kind: 'throttle' });
    const slowed = await readSlowed(db, { system: 'stripe', account: await account() });
    expect(slowed.map(({ endpoint }) => endpoint)).to.deep.equal(['read']);
  });

  it('is used by the sweep', async () => {
    world.advance(10 * MINUTE);
    await sweep(world.deps, { retentionDays: 35, signal: new AbortController().signal });
    const { rows } = await world.db.raw<{ rows: { endpoint: string }[] }>(
      `select endpoint from rate_buckets order by endpoint`,
    );
    expect(rows.map(({ endpoint }) => endpoint)).to.include('events');
  });
});
