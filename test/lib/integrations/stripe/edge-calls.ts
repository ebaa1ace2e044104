import type { Integration } from '../../../../lib/integrations/integration.ts';
import { timeFeedOf } from '../expecting.ts';

/** The customer that every call asks for, as Stripe would show it. */
export const CUSTOMER = {
  object: 'customer',
  id: 'cus_edge',
  created: 1_700_000_000,
  name: 'Ada',
  email: 'ada@example.com',
  livemode: false,
  metadata: { twinbox_testtest: 'tag-1' },
  subscriptions: { object: 'list', data: [], has_more: false },
};
export const DELETED = { object: 'customer', id: CUSTOMER.id, deleted: true };
export const ACCOUNT = { object: 'account', id: 'acct_edge' };
export const EVENT = {
  object: 'event',
  id: 'evt_edge',
  type: 'customer.updated',
  created: 1_700_000_000,
  livemode: false,
  data: { object: CUSTOMER, previous_attributes: {} },
};

export function listOf(data: unknown[], object: 'list' | 'search_result' = 'list') {
  return { object, data, has_more: false, url: '/v1/customers' };
}

/** One kind of call that the engine makes. */
export interface CallKind {
  says: string;
  /** What Stripe answers to it when all is well. */
  good: object;
  call: (integration: Integration) => Promise<unknown>;
}

const body = { name: 'Ada', metadata: CUSTOMER.metadata };
const key = 'edge-1';
const externalId = CUSTOMER.id;

export async function drain<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

export const IDENTIFY: CallKind = {
  says: 'asks whose key it is',
  good: ACCOUNT,
  call: (stripe) => stripe.identify(),
};
export const READ: CallKind = {
  says: 'reads a customer',
  good: CUSTOMER,
  call: (stripe) => stripe.fetch(externalId),
};
export const READS: CallKind[] = [
  READ,
  {
    says: 'reads a customer before a delete',
    good: CUSTOMER,
    call: (stripe) => stripe.fetch(externalId, { forDelete: true }),
  },
  {
    says: 'reads how a customer is used',
    good: CUSTOMER,
    call: (stripe) => stripe.fetch(externalId, { withUse: true }),
  },
];
export const CREATE: CallKind = {
  says: 'creates a customer',
  good: CUSTOMER,
  call: (stripe) => stripe.write({ operation: 'create', key, externalId: null, body }),
};
export const UPDATE: CallKind = {
  says: 'updates a customer',
  good: CUSTOMER,
  call: (stripe) => stripe.write({ operation: 'update', key, externalId, body }),
};
export const DELETE: CallKind = {
  says: 'deletes a customer',
  good: DELETED,
  call: (stripe) => stripe.write({ operation: 'delete', key, externalId, body: {} }),
};
export const WRITES = [CREATE, UPDATE, DELETE];
export const LIST: CallKind = {
  says: 'lists customers',
  good: listOf([CUSTOMER]),
  call: (stripe) => drain(stripe.list({ createdFrom: new Date(0) })),
};
export const EVENTS: CallKind = {
  says: 'lists events',
  good: listOf([EVENT]),
  call: (stripe) => drain(timeFeedOf(stripe).pages({})),
};
export const BY_EMAIL: CallKind = {
  says: 'looks for an email',
  good: listOf([CUSTOMER]),
  call: (stripe) => stripe.findByIdentity!(CUSTOMER.email),
};
export const BY_TAG: CallKind = {
  says: 'searches for an owner tag',
  good: listOf([CUSTOMER], 'search_result'),
  call: (stripe) => stripe.findTagged!('tag-1'),
};
export const LISTS = [LIST, EVENTS, BY_EMAIL, BY_TAG];

export const ALL_CALLS: CallKind[] = [IDENTIFY, ...READS, ...WRITES, ...LISTS];
