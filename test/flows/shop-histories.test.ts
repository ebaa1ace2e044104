import { expect } from 'chai';
import fc from 'fast-check';
import type { Db } from '../../db/server/connection.ts';
import { shopSettings } from '../support/environment.ts';
import { createTestDatabase } from '../support/database.ts';
import { history, judge, play } from '../support/shop/histories.ts';
import { createShopWorld } from '../support/shop/world.ts';

/** SHOP_RUNS and SHOP_SEED say other ones. */
const { runs, seed } = shopSettings();

describe('random histories of two entities in two systems', function () {
  this.timeout(0);
  let refused = 0;
  let parts = 0;

  /** What only a system whose records go step by step does. */
  async function note(db: Db): Promise<void> {
    const { rows } = await db.raw<{ rows: { refused: number; parts: number }[] }>(
      `select (select count(*)::int from sync_conflicts where kind = 'refused') as refused,
              (select count(*)::int from sync_intents where body->>'as' is not null) as parts`,
    );
    refused += rows[0]?.refused ?? 0;
    parts += rows[0]?.parts ?? 0;
  }

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
          await note(db);
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
    console.log(`    changes that a record refused: ${refused}, requests of a kind of their own: ${parts}`);
    if (runs >= 40) expect(Math.min(refused, parts), 'of both').to.be.greaterThan(0);
  });
});
