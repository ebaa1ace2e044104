// A history that fails is printed, shortened, with its seed. `SHOP_SEED=<seed> make test
// ONLY=flows/shop-histories.test.ts` plays the same histories again; SHOP_RUNS says how many. Workers
// run side by side in it, so which call a fault meets may differ from one time to the next.
import { shopSettings } from '../support/environment.ts';
import { runShopHistories } from '../support/shop/run.ts';

const { runs, seed } = shopSettings();

describe('random histories of two entities in two systems', function () {
  this.timeout(0);

  it(`end in agreement, with nothing lost or made twice: ${runs} from seed ${seed}`, async () => {
    await runShopHistories({ runs, seed });
  });
});
