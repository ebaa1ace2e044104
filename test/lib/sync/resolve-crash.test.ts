import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
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
});
