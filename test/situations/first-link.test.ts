import { expect } from 'chai';
import { storeConsents, planFirstLink } from '../../lib/operations/link-plan.ts';
import { waitingRow } from '../support/first-link.ts';
import { expectAgreement } from '../support/invariants.ts';
import { pauseAt } from '../support/signal.ts';
import { expireLeases } from '../support/sync-rows.ts';
import { mappingsIn, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

const SIZE = 20;
const MINUTE = 60_000;

/**
 * Both sides had customers before the first link. make proof does it with 10,000 on each side and
 * real kills.
 */
describe('the first link of two filled catalogues', () => {
  const world = useTwoWay();

  situation(
    30,
    'both are edited during the link, which is interrupted and resumed: each pair once, no edit lost',
    async () => {
      const rows = [];
      for (let n = 0; n < SIZE; n++)
        rows.push(await waitingRow(world, { name: `Person ${n}`, email: `person${n}@example.com` }));
      const pairs = rows.slice(0, 15);
      const records = pairs.map(({ email }, n) =>
        world.simulator.dashboard.createCustomer({ name: n % 5 === 0 ? `Other ${n}` : `Person ${n}`, email }),
      );
      world.simulator.dashboard.createCustomer({ name: 'Unmatched', email: 'unmatched@example.com' });
      const plan = await planFirstLink(world.deps);

      // Interrupted when half of the consents are stored.
      const half = new Map([...plan.pairs].slice(0, 7));
      await storeConsents(world.deps, { ...plan, pairs: half, creates: [], imports: [] }, 'test');
      const read = pauseAt('link.read');
      const frozen = world.run();
      await read.reached;
      for (const [n, { id }] of pairs.entries()) {
        if (n % 3 === 0) await world.update(id, { name: `Here ${n}` });
        if (n % 3 === 1)
          world.simulator.dashboard.updateCustomer(records[n]?.id ?? '', { name: `There ${n}` });
      }
      // Repeated by another worker, while the first one sleeps past its lease.
      const again = await planFirstLink(world.deps);
      expect(again.underWay).to.be.greaterThan(0);
      await storeConsents(world.deps, again, 'test');
      await expireLeases(world.db);
      await world.rest(world.worker());
      read.resume();
      await frozen;
      world.advance(MINUTE);
      await world.rest();

      const mappings = await mappingsIn(world.db);
      expect(mappings.map(({ state }) => state)).to.deep.equal(Array(SIZE + 1).fill('linked'));
      for (const [n, { id }] of pairs.entries())
        expect(mappings.find(({ internalId }) => internalId === id)?.externalId).to.equal(records[n]?.id);
      expect(world.simulator.customers()).to.have.length(SIZE + 1);
      const names = world.simulator.customers().map(({ name }) => name);
      for (const [n] of pairs.entries()) {
        // An edit of ours wins over the value from before; an edit of theirs stays where ours was
        // not changed since.
        if (n % 3 === 0) expect(names).to.include(`Here ${n}`);
      }
      const { rows: lost } = await world.db.raw<{ rows: { theirs: string }[] }>(
        `select theirs #>> '{}' as theirs from sync_conflicts`,
      );
      const kept = new Set([...names, ...lost.map(({ theirs }) => theirs)]);
      for (const [n] of pairs.entries()) if (n % 3 === 1) expect(kept).to.include(`There ${n}`);
      await expectAgreement(world);
    },
  );
});
