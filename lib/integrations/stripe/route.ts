// The template of a path of Stripe's API, for figures: no id of a customer is in it. A person may have
// chosen the id of a customer, so only words that are known stay as they are.
const WORDS = new Set([
  ...['v1', 'v2', 'account', 'accounts', 'customers', 'events', 'search', 'subscriptions'],
  ...['webhook_endpoints', 'test_helpers', 'test_clocks', 'core', 'billing'],
]);

/** `/v1/customers/cus_1?expand[]=…` is `/v1/customers/:id`. */
export function routeOf(path: string): string {
  const [plain = ''] = path.split('?');
  return plain
    .split('/')
    .map((part) => (part === '' || WORDS.has(part) ? part : ':id'))
    .join('/');
}
