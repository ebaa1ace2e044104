/** As Stripe sends them, shortened. */
export const CUSTOMER = {
  id: 'cus_1',
  object: 'customer',
  name: 'Ada',
  email: 'ada@example.com',
  individual_name: null,
  business_name: null,
  metadata: {},
};
export const EVENT = {
  id: 'evt_1',
  object: 'event',
  type: 'customer.updated',
  created: 1_770_000_000,
  livemode: false,
  request: { id: 'req_1', idempotency_key: 'tb1:dev-abc:1' },
  data: { object: CUSTOMER, previous_attributes: { name: 'Adele', balance: 3 } },
};
export const THIN = {
  id: 'evt_thin_1',
  object: 'v2.core.event',
  type: 'v1.customer.updated',
  created: '2026-02-02T02:40:00.000Z',
  livemode: false,
  reason: { type: 'request', request: { id: 'req_1', idempotency_key: 'key-1' } },
  related_object: { id: 'cus_1', type: 'customer', url: '/v1/customers/cus_1' },
  snapshot_event: 'evt_1',
  changes: { before: { email: null, phone: '1' }, after: { email: 'ada@example.com', phone: '2' } },
};
