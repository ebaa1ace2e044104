// The webhook endpoint of a simulator. The endpoint of a real account is created by its owner,
// once, and its secret is set as STRIPE_WEBHOOK_SECRET: a process that registered itself would
// leave an endpoint behind at every address it ever had.
import { createStripeClient, type StripeClientSettings } from './client.ts';

export interface WebhookEndpoint {
  id: string;
  url: string;
  secret: string;
}

/** The events that we receive. */
export const CUSTOMER_EVENTS = ['customer.created', 'customer.updated', 'customer.deleted'] as const;

/**
 * Keeps the endpoint that we know and sets its address to the present one, so that deliveries that
 * wait for it still arrive; otherwise creates an endpoint.
 */
export async function ensureWebhookEndpoint(
  settings: StripeClientSettings,
  url: string,
  known: WebhookEndpoint | null,
): Promise<WebhookEndpoint> {
  const { stripe } = createStripeClient(settings);
  const listed = await stripe.webhookEndpoints.list({ limit: 100 });
  const kept = known === null ? undefined : listed.data.find(({ id }) => id === known.id);
  if (known !== null && kept !== undefined) {
    if (kept.url !== url) await stripe.webhookEndpoints.update(kept.id, { url });
    return { ...known, url };
  }
  const made = await stripe.webhookEndpoints.create({
    url,
    enabled_events: [...CUSTOMER_EVENTS],
    description: 'Twinbox',
  });
  // Only the answer to the creation contains the secret
  // (docs.stripe.com/api/webhook_endpoints/object).
  return { id: made.id, url, secret: made.secret ?? '' };
}

/** No server answered: there was no connection, or no answer in time. */
export function isUnreached(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'StripeConnectionError';
}
