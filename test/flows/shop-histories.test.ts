// A history that fails is printed, shortened, with its seed: SHOP_SEED=<seed> make test
// ONLY=flows/shop-histories.test.ts runs the same histories again, SHOP_RUNS says how many.
import { shopSettings } from '../support/environment.ts';
import { runShopHistories } from '../support/shop/run.ts';

const { runs, seed } = shopSettings();

describe('random histories of two entities in two systems', function () {
  this.timeout(0);

  it(`end in agreement, with nothing lost or made twice: ${runs} from seed ${seed}`, async () => {
    const counts = await runShopHistories({ runs, seed });
    if (Math.random() < 2) console.log(counts);
  });
});
