// The only file that makes a client of the `stripe` package, with the settings that the promises of
// the engine depend on: only the engine retries, a call ends within its time limit, and no data of
// a customer is sent as telemetry.
import { Stripe } from 'stripe';
import { AppError } from '../../errors.ts';
import type { SentRequest } from '../../measures.ts';
import { secretForms } from '../../config/secret-forms.ts';
import { createHttpClient } from './http.ts';

/** The time limit of one call; the SDK's 80 s would outlive a lease. */
export const CALL_TIMEOUT_MS = 15_000;

export interface StripeClientSettings {
  secretKey: string;
  /** The address of the API, for a double: scheme, host and port. Stripe itself by default. */
  apiBase?: string | undefined;
  timeoutMs?: number | undefined;
  /** Told of each request once it is over. */
  sent?: ((request: SentRequest) => void) | undefined;
}

export interface StripeClient {
  stripe: Stripe;
  livemode: boolean;
}

/** Refuses a malformed key or address, with a message that does not repeat it. */
export function createStripeClient({
  secretKey,
  apiBase,
  timeoutMs,
  sent,
}: StripeClientSettings): StripeClient {
  const livemode = livemodeOf(secretKey);
  const { protocol, host, port } = parseApiBase(apiBase ?? 'https://api.stripe.com', livemode);
  const stripe = new Stripe(secretKey, {
    // The SDK's types describe this version only; docs.stripe.com/api/versioning.
    apiVersion: Stripe.API_VERSION,
    maxNetworkRetries: 0,
    timeout: timeoutMs ?? CALL_TIMEOUT_MS,
    telemetry: false,
    host,
    port,
    protocol,
    httpClient: createHttpClient(protocol, sent),
  });
  return { stripe, livemode };
}

/**
 * Live or test, by the key's prefix (docs.stripe.com/keys). Throws `config_invalid` if it is no
 * key.
 */
export function livemodeOf(secretKey: string): boolean {
  const why = secretForms['stripe-key'](secretKey);
  if (why === null) return secretKey.slice(3).startsWith('live_');
  throw new AppError('config_invalid', {
    detail: `STRIPE_SECRET_KEY ${why}; expected a secret or restricted key of one account: sk_test_…, rk_test_…, sk_live_… or rk_live_…`,
  });
}

function parseApiBase(
  apiBase: string,
  livemode: boolean,
): { protocol: 'http' | 'https'; host: string; port: number } {
  const wrong = (why: string): AppError =>
    new AppError('config_invalid', { detail: `STRIPE_API_BASE ${why}; expected http(s)://host[:port]` });
  const url = URL.parse(apiBase);
  if (url === null) throw wrong('is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw wrong('is not http or https');
  if (url.username !== '' || url.password !== '') throw wrong('contains credentials');
  // The SDK takes host, port and protocol only, so it would drop a path without an error.
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw wrong('has more than scheme, host and port');
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  if (livemode && protocol === 'http') throw wrong('would send a live key unencrypted');
  const port = url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port);
  return { protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}
