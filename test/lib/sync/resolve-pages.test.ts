import { expect } from 'chai';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;

describe('the search for a create of unknown outcome', () => {
  const world = useSync();

  it('goes on where it was when the lease was too short for another page', async () => {
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST' });
    await world.run();
    for (let n = 0; n < 350; n++) {
      world.advance(500);
      world.simulator.dashboard.createCustomer({ name: `Other ${n}` });
    }
    world.simulator.rules.set({ eventsTipLagMs: 24 * 60 * MINUTE });
    world.advance(6 * MINUTE);
    const [claim] = await world.claim();
    const { integration } = world;
    const list: Integration['list'] = async function* (window) {
      let pages = 0;
      for await (const page of integration.list(window)) {
        if (++pages === 2) claim!.deadline = performance.now();
        yield page;
      }
    };
    await reconcile({ ...world.deps, integration: { ...integration, list } }, claim!);
    expect(await mappingOf(world.db, id)).to.have.nested.property('intent.looked.list');
    expect(lists()).to.equal(2);
    await world.run();
    // The last two of four pages, and not the first two again.
    expect(lists()).to.equal(4);
    expect(world.simulator.customers()).to.have.length(351);
    await expectAgreement(world);
  });

  const lists = () => world.calls().filter((call) => call === 'GET /v1/customers').length;
});
