import { expect } from 'chai';
import { readSweep, type Sweep } from '../../../db/sweep.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { compareLost } from '../../../lib/operations/compare-lost.ts';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { toySystem } from '../../support/toy/beside-the-engine.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;
/** More than two pages of Toy. */
const EDITS = 120;

describe('a worker that is killed while it follows a feed with a cursor', () => {
  const world = useTwoWay({ system: toySystem({}, 'cursor') });
  const { signal } = new AbortController();

  async function followAll(): Promise<void> {
    world.advance(10 * SECOND);
    await world.db.raw(`update leases set until = clock_timestamp()`);
    while ((await sweep(world.deps, { retentionDays: 35, signal })).more);
  }
  const place = async (): Promise<Sweep | null> => readSweep(world.db, 'toy');
  const stored = async (): Promise<number> => {
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from sync_events where event_type = 'toy.customer.updated'`,
    );
    return rows[0]?.count ?? 0;
  };

  it('in a page leaves nothing of it, and between two pages leaves the first with its cursor', async () => {
    const { externalId } = await linkedPair(world);
    await killAtEach(world, ['inbox.stored', 'follow.before-commit', 'follow.page'], {
      prepare: async () => {
        await followAll();
        const before = await stored();
        for (let n = 0; n < EDITS; n++)
          world.simulator.dashboard.updateCustomer(externalId, { name: `Edit ${before} ${n}` });
        world.advance(10 * SECOND);
        return { before, cursor: (await place())?.cursor };
      },
      after: async ({ before, cursor }, point) => {
        const pages = point === 'follow.page' ? 1 : 0;
        expect(await stored(), point).to.equal(before + 50 * pages);
        expect((await place())?.cursor === cursor, point).to.equal(pages === 0);
        await followAll();
        expect(await stored(), point).to.equal(before + EDITS);
        await world.rest();
        await expectAgreement(world);
      },
    });
  });

  it('after a refused cursor, or before the end of the comparison, leaves the loss until it is compared', async () => {
    const { id, externalId } = await linkedPair(world);
    await followAll();
    await compareLost(world.deps, signal);
    await killAtEach(world, ['follow.page', 'compare-lost.before-end'], {
      prepare: () => {
        const name = `Lost ${world.clock.now().toISOString()}`;
        world.simulator.dashboard.updateCustomer(externalId, { name });
        for (const event of world.undelivered()) world.lose(event);
        world.advance(20 * DAY);
        return Promise.resolve(name);
      },
      after: async (name, point) => {
        expect((await place())?.lostWhy, point).to.equal('cursor_expired');
        await followAll();
        expect(await compareLost(world.deps, signal), point).to.equal('compared');
        await world.rest();
        expect(await readCustomer(world.db, id), point).to.include({ name });
        expect((await place())?.lostWhy, point).to.equal(null);
        await expectAgreement(world);
      },
    });
  });
});
