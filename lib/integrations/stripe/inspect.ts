// What a key may do, and which webhook endpoints its account has: found out by small reads, and
// never by trying a write.
import { Stripe } from 'stripe';
import { classify } from './classify.ts';
import { createStripeClient, type StripeClientSettings } from './client.ts';
import { readDate } from './headers.ts';

export interface Right {
  /** The name of the permission of a restricted key, as in the dashboard. */
  name: string;
  allowed: boolean;
  /** If the right is missing: the code and Stripe's own text, without the key. */
  code: string | null;
  message: string | null;
  /** What Stripe calls the permission that would allow the call, such as `rak_event_read`. */
  permission: string | null;
}

export interface EndpointSeen {
  id: string;
  url: string;
  enabled: boolean;
  /** null: the account's default version. */
  apiVersion: string | null;
  events: string[];
}

export interface StripeFacts {
  rights: Right[];
  /** null if this key may not list them. */
  endpoints: EndpointSeen[] | null;
  /** Stripe's time, in whole seconds, and our own time in the middle of that call. */
  clock: { theirs: Date; ours: Date } | null;
  /** The API version that Twinbox uses. */
  apiVersion: string;
}

type Answer = Stripe.Response<unknown>;

export async function inspectStripe(settings: StripeClientSettings, now: () => Date): Promise<StripeFacts> {
  const { stripe, livemode } = createStripeClient(settings);
  const rights: Right[] = [];
  let clock: StripeFacts['clock'] = null;
  async function ask<T extends Answer>(name: string, call: () => Promise<T>): Promise<T | null> {
    const began = now().getTime();
    try {
      const answer = await call();
      const theirs = readDate(answer.lastResponse.headers['date']);
      if (theirs) clock ??= { theirs, ours: new Date((began + now().getTime()) / 2) };
      rights.push({ name, allowed: true, code: null, message: null, permission: null });
      return answer;
    } catch (error) {
      const { code, message } = classify(error);
      rights.push({ name, allowed: false, code, message, permission: permissionIn(error) });
      return null;
    }
  }
  await ask('Account (read)', () => stripe.accounts.retrieveCurrent());
  await ask('Customers (read)', () => stripe.customers.list({ limit: 1 }));
  if (!livemode) await ask('Test clocks (read)', () => stripe.testHelpers.testClocks.list({ limit: 1 }));
  await ask('Events (read)', () => stripe.events.list({ limit: 1 }));
  const endpoints = await ask('Webhook Endpoints (read)', () => stripe.webhookEndpoints.list({ limit: 100 }));
  return {
    rights,
    endpoints: endpoints ? endpoints.data.map(toEndpoint) : null,
    clock,
    apiVersion: Stripe.API_VERSION,
  };
}

/** Stripe names it in the text of its refusal, which is not kept as a whole (redact.ts). */
function permissionIn(error: unknown): string | null {
  return error instanceof Error ? (/\brak_[a-z_]{1,60}\b/.exec(error.message)?.[0] ?? null) : null;
}

function toEndpoint({ id, url, status, api_version, enabled_events }: Stripe.WebhookEndpoint): EndpointSeen {
  return { id, url, enabled: status === 'enabled', apiVersion: api_version, events: enabled_events };
}
