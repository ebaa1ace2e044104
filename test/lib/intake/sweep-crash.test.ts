import { expect } from 'chai';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { readSweep } from '../../../db/sweep.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { createSweeper } from '../../../workers/sweeper.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('a sweep that is interrupted', () => {
  const world = useTwoWay();
  const { signal } = new AbortController();
  const options = { retentionDays: 35, signal };

  async function flood(edits: number): Promise<void> {
    const { externalId } = await linkedPair(world);
    for (let n = 0; n < edits; n++)
      world.simulator.dashboard.updateCustomer(externalId, { name: `Edit ${n}` });
    world.advance(2 * MINUTE);
  }

  const stored = async (): Promise<number> => {
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from sync_events where event_type = 'stripe.customer.updated'`,
    );
    return rows[0]?.count ?? 0;
  };

  it('by a kill between two pages, within one, or before its end is stored reads the window again', async () => {
    await killAtEach(world, ['inbox.stored', 'sweep.page', 'sweep.before-save'], {
      prepare: async () => {
        const before = await stored();
        await flood(130);
        return { before, from: (await readSweep(world.db, 'stripe'))?.sweptTo };
      },
      after: async ({ before, from }, point) => {
        expect((await readSweep(world.db, 'stripe'))?.sweptTo, point).to.deep.equal(from);
        await world.db.raw(`update leases set until = clock_timestamp()`);
        await sweep(world.deps, options);
        expect(await stored(), point).to.equal(before + 130);
        await world.rest();
        await expectAgreement(world);
      },
    });
  });

  it('by a stop continues from the same place', async () => {
    await flood(130);
    const stopping = new AbortController();
    enableFailpoint('sweep.page', () => stopping.abort(), { once: true });
    const from = (await readSweep(world.db, 'stripe'))?.sweptTo;
    await sweep(world.deps, { ...options, signal: stopping.signal });
    expect((await readSweep(world.db, 'stripe'))?.sweptTo).to.deep.equal(from);
    await sweep(world.deps, options);
    expect(await stored()).to.equal(130);
  });

  it('is not begun by a worker that does not know yet whose key it has', async () => {
    await flood(1);
    for (const bound of [false, true]) {
      const lane = { deps: world.deps, lane: { status: () => ({ bound }) } };
      await createSweeper(lane, options).runOnce(signal);
      expect(await stored()).to.equal(bound ? 1 : 0);
    }
  });
});
