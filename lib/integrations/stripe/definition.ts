// Stripe as the rest of the program knows it before it speaks to it. Nothing in this file loads the
// `stripe` package until it is needed.
import { parseDocument } from '../../catalogue/document.ts';
import type { Config } from '../../config/config.ts';
import type { SystemAccess, SystemDefinition } from '../definition.ts';
import mapping from './customer.json' with { type: 'json' };
import { tagKeyOf } from './owner-tag.ts';

export type StripeAccess = SystemAccess & { secretKey: string; apiBase: string | undefined };

export const stripe = {
  name: 'stripe',
  label: 'Stripe',
  externalType: mapping.externalType,
  // docs.stripe.com/api/events/list
  eventsKeptDays: 30,
  missing:
    'STRIPE_SECRET_KEY: the key of the account whose customers are kept the same; or SIMULATOR_URL, to try Twinbox with `npm run simulator`',
  lookAt: 'Look at STRIPE_SECRET_KEY and at the network.',
  signatureHeaders: ['Stripe-Signature'],

  // Without a key the simulator is used in place of Stripe.
  isEnabled: () => true,

  settings: ({ stripe: given }: Config) => ({
    writes: given.writes,
    pulls: given.pulls,
    deletes: given.deletePolicy,
    deletesIn: given.deletesIn,
    linkByEmail: given.linkByEmail,
    looksBeforeCreate: given.looksBeforeCreate,
    imports: given.imports,
    rates: { account: given.rateLimit, endpoint: given.endpointRateLimit },
  }),

  findAccess: findStripeAccess,
  standInAt: simulatorAccess,
  isLive: ({ stripe: { secretKey } }: Config) => secretKey !== undefined && /^.k_live_/.test(secretKey),

  standInAdvice: (address: string) =>
    `STRIPE_SECRET_KEY is not set, so the simulator at ${address} is used in place of Stripe: set the key, or start the simulator ` +
    '(npm run simulator; in containers: docker compose --profile demo up -d)',

  document: () => parseDocument(mapping),

  async intake(instanceId: string) {
    const { createStripeIntake } = await import('./intake.ts');
    return createStripeIntake(tagKeyOf(instanceId));
  },

  // The simulator's secret is accepted only if there is no key of a real account.
  webhookSecrets({ stripe: given, simulator }: Config) {
    const simulated = given.secretKey === undefined && simulator.webhookSecret !== undefined;
    return simulated ? [simulator.webhookSecret, ...given.webhookSecrets] : [...given.webhookSecrets];
  },
} as const satisfies SystemDefinition;

/** Stripe if there is a key, otherwise the simulator of SIMULATOR_URL, otherwise null. */
export function findStripeAccess({ stripe: given, simulator }: Config): StripeAccess | null {
  if (given.secretKey !== undefined) return accessBy(given.secretKey, given.apiBase, null);
  return simulator.url === undefined ? null : simulatorAccess(simulator.url);
}

export function simulatorAccess(url: string): StripeAccess {
  return accessBy(SIMULATOR_KEY, url, url);
}

/** An invented key: the simulator accepts any test key. */
const SIMULATOR_KEY = 'sk_test_twinbox_simulator';

function accessBy(secretKey: string, apiBase: string | undefined, standIn: string | null): StripeAccess {
  return {
    system: stripe,
    secretKey,
    apiBase,
    standIn,
    async integrate(instanceId) {
      const { createStripeIntegration } = await import('./stripe.ts');
      return createStripeIntegration({ secretKey, apiBase, tagKey: tagKeyOf(instanceId) });
    },
    async examine(options) {
      const { examineStripe } = await import('./examine.ts');
      return await examineStripe({ secretKey, apiBase }, { ...options, simulated: standIn !== null });
    },
  };
}
