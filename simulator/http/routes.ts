/** The simulated part of Stripe's API: one table from method and path to a handler. */
import { retrieveAccount, retrieveBalance } from '../objects/account.ts';
import type { Handler } from './call.ts';
import {
  createCustomer,
  deleteCustomer,
  listCustomers,
  retrieveCustomer,
  updateCustomer,
} from '../objects/customers.ts';
import { listEvents, retrieveEvent } from '../objects/events.ts';
import { searchCustomers } from '../objects/search.ts';
import {
  cancelSubscription,
  createSubscription,
  listSubscriptions,
  retrieveSubscription,
} from '../objects/subscriptions.ts';
import {
  createTestClock,
  deleteTestClock,
  listTestClocks,
  retrieveTestClock,
} from '../objects/test-clocks.ts';
import { retrieveThinEvent } from '../webhooks/thin-events.ts';
import {
  createEndpoint,
  deleteEndpoint,
  listEndpoints,
  retrieveEndpoint,
  updateEndpoint,
} from '../webhooks/endpoints.ts';

export type Route = { method: string; pattern: string; handler: Handler };

/** The first route that fits is used, so fixed path segments come before `:id`. */
const ROUTES: readonly Route[] = [
  { method: 'POST', pattern: '/v1/customers', handler: createCustomer },
  { method: 'GET', pattern: '/v1/customers', handler: listCustomers },
  { method: 'GET', pattern: '/v1/customers/search', handler: searchCustomers },
  { method: 'GET', pattern: '/v1/customers/:id', handler: retrieveCustomer },
  { method: 'POST', pattern: '/v1/customers/:id', handler: updateCustomer },
  { method: 'DELETE', pattern: '/v1/customers/:id', handler: deleteCustomer },
  { method: 'GET', pattern: '/v1/events', handler: listEvents },
  { method: 'GET', pattern: '/v1/events/:id', handler: retrieveEvent },
  { method: 'GET', pattern: '/v2/core/events/:id', handler: retrieveThinEvent },
  { method: 'GET', pattern: '/v1/account', handler: retrieveAccount },
  { method: 'GET', pattern: '/v1/accounts/:id', handler: retrieveAccount },
  { method: 'GET', pattern: '/v1/balance', handler: retrieveBalance },
  { method: 'POST', pattern: '/v1/subscriptions', handler: createSubscription },
  { method: 'GET', pattern: '/v1/subscriptions', handler: listSubscriptions },
  { method: 'GET', pattern: '/v1/subscriptions/:id', handler: retrieveSubscription },
  { method: 'DELETE', pattern: '/v1/subscriptions/:id', handler: cancelSubscription },
  { method: 'POST', pattern: '/v1/test_helpers/test_clocks', handler: createTestClock },
  { method: 'GET', pattern: '/v1/test_helpers/test_clocks', handler: listTestClocks },
  { method: 'GET', pattern: '/v1/test_helpers/test_clocks/:id', handler: retrieveTestClock },
  { method: 'DELETE', pattern: '/v1/test_helpers/test_clocks/:id', handler: deleteTestClock },
  { method: 'POST', pattern: '/v1/webhook_endpoints', handler: createEndpoint },
  { method: 'GET', pattern: '/v1/webhook_endpoints', handler: listEndpoints },
  { method: 'GET', pattern: '/v1/webhook_endpoints/:id', handler: retrieveEndpoint },
  { method: 'POST', pattern: '/v1/webhook_endpoints/:id', handler: updateEndpoint },
  { method: 'DELETE', pattern: '/v1/webhook_endpoints/:id', handler: deleteEndpoint },
];

const SPLIT = ROUTES.map((route) => ({ route, segments: route.pattern.split('/') }));

export function findRoute(method: string, path: string): { route: Route; id: string } | null {
  const given = path.split('/');
  for (const { route, segments } of SPLIT) {
    if (route.method !== method || segments.length !== given.length) continue;
    let id = '';
    const fits = segments.every((segment, index) => {
      if (segment !== ':id') return segment === given[index];
      id = decodeId(given[index] ?? '');
      return id !== '';
    });
    if (fits) return { route, id };
  }
  return null;
}

function decodeId(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // not a valid escape, so it is an unknown id, and is answered as one
  }
}
