// What the key of a Stripe account may do, and whether its webhook endpoints lead to this
// installation, in text that says how to fix each problem. No sentence contains a secret.
import { checks, type Check } from '../../finding.ts';
import type { Examined, ExamineOptions } from '../definition.ts';
import type { StripeClientSettings } from './client.ts';
import { CUSTOMER_EVENTS } from './endpoint.ts';
import { inspectStripe, type EndpointSeen, type Right, type StripeFacts } from './inspect.ts';

const { ok, warning, problem } = checks;

/** `simulated`: twinbox creates the endpoint itself, at the simulator. */
export async function examineStripe(
  settings: StripeClientSettings,
  options: ExamineOptions & { simulated: boolean },
): Promise<Examined> {
  const facts = await inspectStripe(settings, () => new Date());
  const { rights, clock } = facts;
  return {
    rights: judgeRights(rights),
    clock,
    webhooks: judgeEndpoints(facts, options),
    // Without this right the account of the key cannot be read; the check of the rights says why.
    mayIdentify: rights.some(({ name, allowed }) => allowed && name === 'Account (read)'),
  };
}

const NEEDED = new Set(['Account (read)', 'Customers (read)', 'Events (read)']);

export function judgeRights(rights: Right[]): Check[] {
  const missing = rights.filter(({ allowed }) => !allowed);
  if (missing.length === 0)
    return [ok('key rights', `may read ${rights.map(({ name }) => name.replace(' (read)', '')).join(', ')}`)];
  if (missing.length === rights.length) {
    const { code, message } = missing[0] ?? {};
    return [
      problem(
        'key rights',
        `Stripe refuses the key, or does not answer: ${code ?? ''} ${message ?? ''}`.trim(),
        hintFor(code ?? null),
      ),
    ];
  }
  return missing.map(({ name, code, permission }) => {
    const says = `the key may not use: ${name} (${code ?? 'refused'})`;
    const level = name.includes('Customers') ? 'write' : 'read';
    const named = permission === null ? '' : ` (Stripe names ${permission})`;
    const fix = `Give the restricted key the permission ${name.replace(' (read)', '')}: ${level}${named}.`;
    return NEEDED.has(name) ? problem('key rights', says, fix) : warning('key rights', says, fix);
  });
}

function hintFor(code: string | null): string {
  return /key|auth|401|expired/.test(code ?? '')
    ? 'Set STRIPE_SECRET_KEY to a key from the dashboard that is not revoked.'
    : 'Check the network, the proxy and status.stripe.com, and run the doctor again.';
}

const PATH = '/api/v1/webhooks/stripe';

/** `simulated`: twinbox creates the endpoint itself, at the simulator. */
export function judgeEndpoints(
  { endpoints, apiVersion }: Pick<StripeFacts, 'endpoints' | 'apiVersion'>,
  { secrets, simulated, running }: { secrets: number; simulated: boolean; running: boolean },
): Check[] {
  const checksOfAll: Check[] = [];
  if (!simulated && secrets === 0)
    checksOfAll.push(
      problem(
        'webhooks',
        'no signing secret is set, so events of Stripe arrive by the sweep only, minutes later',
        `Create an endpoint for https://<your host>${PATH} and set STRIPE_WEBHOOK_SECRET to its secret (docs/webhooks.md).`,
      ),
    );
  // The check of the key's rights says why the endpoints cannot be listed.
  if (endpoints === null) return checksOfAll;
  const ours = endpoints.filter(({ url }) => URL.parse(url)?.pathname === PATH);
  if (ours.length === 0) {
    const says = `no endpoint of this account leads to ${PATH}`;
    if (simulated && !running)
      checksOfAll.push(ok('webhooks', `${says}; twinbox up creates one at the simulator`));
    else
      checksOfAll.push(
        warning(
          'webhooks',
          says,
          'Create an endpoint in the dashboard (docs/webhooks.md), unless a proxy changes the path.',
        ),
      );
  }
  return [...checksOfAll, ...ours.map((endpoint) => judgeEndpoint(endpoint, apiVersion))];
}

function judgeEndpoint({ id, url, enabled, events, apiVersion }: EndpointSeen, ourVersion: string): Check {
  const says = `${id} to ${url}, version ${apiVersion ?? 'of the account'}`;
  if (!enabled)
    return problem(
      'webhooks',
      `the endpoint ${says}, is disabled`,
      'Enable the endpoint in the dashboard; Stripe disables an endpoint that fails for days.',
    );
  const missing = events.includes('*') ? [] : CUSTOMER_EVENTS.filter((type) => !events.includes(type));
  if (missing.length > 0)
    return problem(
      'webhooks',
      `the endpoint ${says}, does not send ${missing.join(', ')}`,
      'Add these events to the endpoint.',
    );
  return apiVersion !== null && apiVersion !== ourVersion
    ? warning(
        'webhooks',
        says,
        `Twinbox uses the API version ${ourVersion}: create an endpoint of that version when you can.`,
      )
    : ok('webhooks', says);
}
