import { fakeKey, type SyncWorld } from './sync.ts';

/**
 * A person subscribes a customer at Stripe; the call does not come from us. Returns the
 * subscription's id.
 */
export async function subscribe({ simulator }: SyncWorld, customer: string): Promise<string> {
  const answer = await fetch(`${simulator.url}/v1/subscriptions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${fakeKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ customer, 'items[0][price]': 'price_1' }).toString(),
  });
  const { id } = (await answer.json()) as { id?: string };
  if (id === undefined) throw new Error(`no subscription: ${answer.status}`);
  return id;
}
