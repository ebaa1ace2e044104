import { expect } from 'chai';
import fc from 'fast-check';
import { shopSettings } from '../support/environment.ts';
import { createTestDatabase } from '../support/database.ts';
import { history, judge, play } from '../support/shop/histories.ts';
import { createShopWorld } from '../support/shop/world.ts';

/** SHOP_RUNS and SHOP_SEED say other ones. */
const { runs, seed } = shopSettings();

describe('random histories of two entities in two systems', function () {
  this.timeout(0);

  it(`end in agreement, with nothing lost or made twice: ${runs} from seed ${seed}`, async () => {
    await fc.assert(
      fc.asyncProperty(history, async (moves) => {
        const { db, drop } = await createTestDatabase();
        const world = await createShopWorld(db, ['shop', 'mart'], { strict: 'mart' });
        try {
          const written = await play(world, moves);
          for (let n = 0; n < 4; n += 1) {
            world.clock.advance(600_000);
            await world.rest();
          }
          expect((await judge(world, written)).join('\n')).to.equal('');
          const calls = world.sides.map(({ shop }) => shop.calls().length);
          await world.rest();
          expect(
            world.sides.map(({ shop }) => shop.calls().length),
            'calls of a second look',
          ).to.deep.equal(calls);
        } finally {
          await world.close();
          await db.destroy();
          await drop();
        }
      }),
      { numRuns: runs, seed, endOnFailure: false },
    );
  });
});
