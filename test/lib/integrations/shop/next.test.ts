import { ENTITIES } from '../../../support/shop/world.ts';
import { createShopIntegration } from '../../../support/shop/integration.ts';
import { nextOfOrder } from '../../../support/shop/orders.ts';
import { startShop, type Shop } from '../../../support/shop/server.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { describeNext } from '../contract-next.ts';

const ORDER = {
  ...{ number: 'A-1', customer: null, amount: 4200, currency: 'eur', ordered_on: '2026-02-28' },
  lines: [{ sku: 'a' }],
};

describe('the contract about several requests, kept by a shop whose orders go step by step', () => {
  let shop: Shop;
  let integration: Integration;

  before('open the shop', async () => {
    shop = await startShop(() => new Date('2026-03-01T12:00:00Z'), { strict: true });
    const place = { url: shop.url, instanceId: 'test', next: nextOfOrder };
    integration = createShopIntegration(place, ENTITIES, 'order');
  });
  after(() => shop.close());

  let tags = 0;
  describeNext(
    {
      itWithNext: (title, test) => void it(title, test),
      newTag: () => `tag-${(tags += 1)}`,
      async failureOf(call) {
        try {
          await call();
        } catch (error) {
          return integration.classify(error);
        }
        throw new Error('the call was to fail');
      },
      harness: () => ({ integration, effects: () => shop.effects().length }),
    },
    {
      wanted: [
        { ...ORDER, state: 'draft' },
        { ...ORDER, amount: 4300, state: 'paid' },
      ],
      forbidden: { field: 'amount', value: 1 },
    },
  );
});
