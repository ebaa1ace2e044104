import { createHmac } from 'node:crypto';
import type { Endpoint } from '../objects/objects.ts';

/**
 * docs.stripe.com/webhooks#verify-manually: `t=<seconds>,v1=<hmac>`, where the HMAC-SHA256 is over
 * `<seconds>.<body>`. While a secret is being replaced each valid secret gives a v1 of its own.
 */
export function signatureHeader(body: string, second: number, secrets: readonly string[]): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${second}.${body}`, 'utf8').digest('hex')}`,
  );
  return [`t=${second}`, ...signatures].join(',');
}

export function livingSecrets(endpoint: Endpoint, now: number): string[] {
  return endpoint.secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret);
}
