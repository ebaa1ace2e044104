// The histories of shop-histories.test.ts, many of them. SHOP_SEED=<the printed seed> plays the same
// again: `SHOP_SEED=417 SHOP_RUNS=300 make test ONLY=flows/shop-histories.test.ts`.
import { expect } from 'chai';
import { shopSettings } from '../support/environment.ts';
import { runShopHistories } from '../support/shop/run.ts';

const { runs, seed } = shopSettings(300);

/** In all of them together: histories in which nothing goes wrong prove little. */
const REACHED = [
  ...['drop_answer', 'reset', 'error_before_effect', 'error_after_effect', 'rate_limit', 'hung'],
  ...['event never', 'event late', 'event twice', 'event out of order'],
  ...['killed at intent.stored', 'killed at intent.answered', 'killed at settle.before-commit'],
];

describe(`${runs} random histories of two entities in two systems, from seed ${seed}`, function () {
  this.timeout(0);

  it('end in agreement, with nothing lost or made twice, and meet every kind of trouble', async () => {
    console.log(`    SHOP_SEED=${seed} SHOP_RUNS=${runs} plays them again`);
    const counts = await runShopHistories({ runs, seed });
    expect(REACHED.filter((what) => (counts[what] ?? 0) === 0)).to.deep.equal([]);
    console.log(`    ${JSON.stringify(counts)}`);
  });
});
