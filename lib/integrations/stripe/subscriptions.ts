// What the subscriptions of a customer say, as its expanded answer shows them: at most ten, and none that is cancelled
// (docs.stripe.com/api/customers/object#customer_object-subscriptions).
import type { Stripe } from 'stripe';
import type { RecordUse } from '../integration.ts';

/** Deleting a customer cancels its subscriptions at once (docs.stripe.com/api/customers/delete). */
export function readBlock({ subscriptions }: Stripe.Customer): string | null {
  if (subscriptions === undefined) return 'its subscriptions cannot be read with this key';
  const living = subscriptions.data.filter(({ status }) => status !== 'canceled').length;
  if (living === 0) return subscriptions.has_more ? 'more subscriptions than one answer shows' : null;
  const count = subscriptions.has_more ? `at least ${living}` : String(living);
  return `${count} ${living === 1 ? 'subscription' : 'subscriptions'} not cancelled`;
}

/** Paid for, or to be paid for: not yet begun, expired and cancelled ones are none (docs.stripe.com/api/subscriptions/object). */
const LIVING = new Set(['trialing', 'active', 'past_due', 'unpaid', 'paused']);

/** How the customer is used: of several records with one email the used one is the person's. */
export function readUse({ subscriptions }: Stripe.Customer): RecordUse {
  const listed = subscriptions?.data ?? [];
  const newest = Math.max(0, ...listed.map(({ created }) => (Number.isFinite(created) ? created : 0)));
  return {
    subscriptions: listed.filter(({ status }) => LIVING.has(status)).length,
    subscribedAt: newest > 0 ? new Date(newest * 1000) : null,
  };
}
