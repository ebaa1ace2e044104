import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;

describe('the look for a create whose outcome nobody knows', () => {
  const world = useSync();

  for (const [end, effect] of [
    ['found', 'after'],
    ['not found', 'before'],
  ] as const) {
    it(`ends the same when the worker is killed where it is ${end}`, async () => {
      const points = ['resolve.looked', 'settle.before', 'settle.before-commit', 'settle.after'];
      await killAtEach(world, points, {
        prepare: async () => {
          const { id } = await world.create();
          world.simulator.faults.add({ kind: `error_${effect}_effect`, method: 'POST' });
          await world.run();
          world.advance(6 * MINUTE);
          return id;
        },
        after: async (id, point) => {
          await world.run();
          const { createdEventId } = (await readCustomer(world.db, id))!;
          const made = world.simulator
            .customers()
            .filter(({ metadata }) => Object.values(metadata).includes(createdEventId));
          expect(made, point).to.have.length(1);
          expect(await mappingOf(world.db, id), point).to.include({
            state: 'linked',
            externalId: made[0]?.id,
          });
          await expectAgreement(world);
        },
      });
    });
  }

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
