// The subscriptions of a customer, as its expanded answer shows them: at most ten, and none that is
// cancelled (docs.stripe.com/api/customers/object#customer_object-subscriptions).
import type { Stripe } from 'stripe';
import type { RecordUse } from '../integration.ts';
import { requireList } from './answer.ts';
import { unexpectedAnswer } from './evidence.ts';

/** Deleting a customer cancels its subscriptions at once (docs.stripe.com/api/customers/delete). */
export function readBlock(customer: Stripe.Customer): string | null {
  const subscriptions = subscriptionsOf(customer);
  if (subscriptions === undefined) return 'its subscriptions cannot be read with this key';
  const living = subscriptions.data.filter(({ status }) => status !== 'canceled').length;
  if (living === 0) return subscriptions.has_more ? 'more subscriptions than one answer shows' : null;
  const count = subscriptions.has_more ? `at least ${living}` : String(living);
  return `${count} ${living === 1 ? 'subscription' : 'subscriptions'} not cancelled`;
}

/**
 * Paid, or to be paid: subscriptions that have not begun, have expired or are cancelled do not
 * count (docs.stripe.com/api/subscriptions/object).
 */
const LIVING = new Set(['trialing', 'active', 'past_due', 'unpaid', 'paused']);

/** How the customer is used: of several records with one email the person uses the active one. */
export function readUse(customer: Stripe.Customer): RecordUse {
  const listed = subscriptionsOf(customer)?.data ?? [];
  const newest = Math.max(0, ...listed.map(({ created }) => (Number.isFinite(created) ? created : 0)));
  return {
    subscriptions: listed.filter(({ status }) => LIVING.has(status)).length,
    subscribedAt: newest > 0 ? new Date(newest * 1000) : null,
  };
}

/** undefined if the key may not read them; a value that is not a list counts as unreadable. */
function subscriptionsOf({
  subscriptions,
}: Stripe.Customer): Stripe.ApiList<Stripe.Subscription> | undefined {
  if (subscriptions === undefined) return undefined;
  requireList(subscriptions, 'list', 'subscription');
  const statuses: unknown[] = subscriptions.data.map(({ status }) => status);
  if (statuses.some((status) => typeof status !== 'string'))
    throw unexpectedAnswer('a subscription without its status');
  return subscriptions;
}
