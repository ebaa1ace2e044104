/**
 * docs.stripe.com/api/subscriptions, as far as is needed to see that deleting a customer would
 * cancel one: create, retrieve, list by customer, cancel. There are no prices, periods or invoices.
 */
import { seconds, takeSeq, type Call, type Handler } from '../http/call.ts';
import { noSuchObject, noSuchParameter } from '../http/errors.ts';
import { stageEvent } from './events.ts';
import type { Params } from '../http/form.ts';
import { newId } from './ids.ts';
import { LIST_PARAMS, listPage } from '../http/lists.ts';
import { mergeMetadata } from './metadata.ts';
import type { Subscription } from './objects.ts';
import {
  nested,
  readChoice,
  readHash,
  readInteger,
  readList,
  readRequiredText,
  readText,
  refuseMissing,
  refuseUnknown,
} from '../http/params.ts';
import type { AccountState } from '../store/store.ts';

export const createSubscription: Handler = (call) => {
  const { account, params } = call;
  refuseUnknown(params, ['customer', 'items', 'metadata', 'description', 'currency', 'expand']);
  const customer = readRequiredText(params['customer'], 'customer') ?? refuseMissing('customer');
  const items = readList(params['items'], 'items') ?? refuseMissing('items');
  // A deleted customer as a parameter counts as missing.
  if (!account.customers.get(customer)?.value) noSuchParameter('customer', customer, 'customer');
  const id = newId('sub', 24);
  const now = seconds(call.now);
  const subscription: Subscription = {
    id,
    object: 'subscription',
    cancel_at_period_end: false,
    canceled_at: null,
    collection_method: 'charge_automatically',
    created: now,
    currency: readRequiredText(params['currency'], 'currency', 3) ?? 'usd',
    customer,
    description: readText(params['description'], 'description', 500) ?? null,
    ended_at: null,
    items: {
      object: 'list',
      data: items.map((item, index) =>
        newItem(id, readHash(item, nested('items', String(index))) ?? {}, index, now),
      ),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    livemode: false,
    metadata: mergeMetadata({}, params['metadata']),
    start_date: now,
    status: 'active',
  };
  stage(call, subscription, takeSeq(call));
  stageEvent(call, 'customer.subscription.created', subscription);
  return { body: subscription, customer };
};

function newItem(subscription: string, item: Params, index: number, created: number): object {
  const at = nested('items', String(index));
  refuseUnknown(item, ['price', 'quantity'], at);
  const price = readRequiredText(item['price'], nested(at, 'price')) ?? refuseMissing(nested(at, 'price'));
  const quantity = readInteger(item['quantity'], nested(at, 'quantity')) ?? 1;
  const id = newId('si');
  return {
    id,
    object: 'subscription_item',
    created,
    metadata: {},
    price: { id: price, object: 'price' },
    quantity,
    subscription,
  };
}

export const retrieveSubscription: Handler = ({ account, params, id }) => {
  refuseUnknown(params, ['expand']);
  const subscription = account.subscriptions.get(id)?.value ?? noSuchObject('subscription', id);
  return { body: subscription, customer: subscription.customer };
};

/**
 * Cancelled ones are left out unless `status` asks for them
 * (docs.stripe.com/api/subscriptions/list).
 */
export const listSubscriptions: Handler = ({ account, params }) => {
  refuseUnknown(params, [...LIST_PARAMS, 'created', 'customer', 'status', 'price']);
  const customer = readRequiredText(params['customer'], 'customer');
  const status = readChoice(params['status'], 'status', STATUSES);
  const page = listPage({
    kind: 'subscription',
    url: '/v1/subscriptions',
    params,
    collection: account.subscriptions,
    keep: (subscription) =>
      (customer === undefined || subscription.customer === customer) &&
      (status === 'all' ||
        (status === undefined ? subscription.status !== 'canceled' : subscription.status === status)),
  });
  return { body: page };
};

const STATUSES = [
  'all',
  'active',
  'canceled',
  'ended',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;

export const cancelSubscription: Handler = (call) => {
  refuseUnknown(call.params, ['expand', 'invoice_now', 'prorate', 'cancellation_details']);
  const row = call.account.subscriptions.get(call.id);
  if (!row?.value || row.value.status === 'canceled') return noSuchObject('subscription', call.id);
  return { body: cancel(call, row.value, row.seq), customer: row.value.customer };
};

export function cancelSubscriptionsOf(call: Call, customer: string): void {
  for (const row of call.account.subscriptions.living) {
    if (row.value?.customer === customer && row.value.status === 'active') cancel(call, row.value, row.seq);
  }
}

export function subscriptionsOf(account: AccountState, customer: string): Subscription[] {
  return account.subscriptions.living
    .flatMap((row) => (row.value?.customer === customer && row.value.status === 'active' ? [row.value] : []))
    .reverse();
}

function cancel(call: Call, before: Subscription, seq: number): Subscription {
  const now = seconds(call.now);
  const after: Subscription = { ...before, canceled_at: now, ended_at: now, status: 'canceled' };
  stage(call, after, seq);
  stageEvent(call, 'customer.subscription.deleted', after);
  return after;
}

function stage(call: Call, value: Subscription, seq: number): void {
  const row = { id: value.id, created: value.created, seq, at: call.now, value };
  call.ops.push({ op: 'subscription', account: call.account.id, ...row });
}
