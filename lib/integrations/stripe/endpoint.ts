// The webhook endpoint that a simulator sends to. A real account's endpoint is made by its owner,
// once, and its secret is set as STRIPE_WEBHOOK_SECRET: a process that registered itself would
// leave an endpoint behind at every address it ever had.
import { createStripeClient, type StripeClientSettings } from './client.ts';

export interface WebhookEndpoint {
  id: string;
  url: string;
  secret: string;
}

/** What we listen to. */
export const CUSTOMER_EVENTS = ['customer.created', 'customer.updated', 'customer.deleted'] as const;

/**
 * Keeps the endpoint that we know, moved to the present address, so that what waits for it still
 * arrives; else makes one.
 */
export async function ensureWebhookEndpoint(
  settings: StripeClientSettings,
  url: string,
  known: WebhookEndpoint | null,
): Promise<WebhookEndpoint> {
  const { stripe } = createStripeClient(settings);
  const there = await stripe.webhookEndpoints.list({ limit: 100 });
  const kept = known === null ? undefined : there.data.find(({ id }) => id === known.id);
  if (known !== null && kept !== undefined) {
    if (kept.url !== url) await stripe.webhookEndpoints.update(kept.id, { url });
    return { ...known, url };
  }
  const made = await stripe.webhookEndpoints.create({
    url,
    enabled_events: [...CUSTOMER_EVENTS],
    description: 'Twinbox',
  });
  // The secret is in this answer and in no other (docs.stripe.com/api/webhook_endpoints/object).
  return { id: made.id, url, secret: made.secret ?? '' };
}

/** No server answered at all: no connection, or none in time. */
export function isUnreached(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'StripeConnectionError';
}
