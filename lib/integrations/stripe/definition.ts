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
    'STRIPE_SECRET_KEY: the account to keep in step; or SIMULATOR_URL, to try it with `npm run simulator`',
  lookAt: 'Look at STRIPE_SECRET_KEY and at the network.',
  signatureHeader: 'Stripe-Signature',

  // Without a key the simulator stands in for it.
  isEnabled: () => true,

  settings: ({ stripe: given }: Config) => ({
    writes: given.writes,
    pulls: given.pulls,
    deletes: given.deletePolicy,
    linkByEmail: given.linkByEmail,
    looksBeforeCreate: given.looksBeforeCreate,
    imports: given.imports,
    rates: { account: given.rateLimit, endpoint: given.endpointRateLimit },
  }),

  findAccess: findStripeAccess,
  standInAt: simulatorAccess,
  isLive: ({ stripe: { secretKey } }: Config) => secretKey !== undefined && /^.k_live_/.test(secretKey),

  standInAdvice: (address: string) =>
    `STRIPE_SECRET_KEY is not set, so the simulator at ${address} stands in for Stripe: set the key, or let the simulator run ` +
    '(npm run simulator; in containers: docker compose --profile demo up -d)',

  document: () => parseDocument(mapping),

  async intake(instanceId: string) {
    const { createStripeIntake } = await import('./intake.ts');
    return createStripeIntake(tagKeyOf(instanceId));
  },

  // The simulator's secret is believed only where no real account could be meant.
  webhookSecrets({ stripe: given, simulator }: Config) {
    const simulated = given.secretKey === undefined && simulator.webhookSecret !== undefined;
    return simulated ? [simulator.webhookSecret, ...given.webhookSecrets] : [...given.webhookSecrets];
  },
} as const satisfies SystemDefinition;

/** Stripe by its key, else the simulator that runs by itself, else null. */
export function findStripeAccess({ stripe: given, simulator }: Config): StripeAccess | null {
  if (given.secretKey !== undefined) return accessBy(given.secretKey, given.apiBase, null);
  return simulator.url === undefined ? null : simulatorAccess(simulator.url);
}

export function simulatorAccess(url: string): StripeAccess {
  return accessBy(SIMULATOR_KEY, url, url);
}

/** Obviously made up: the simulator takes any test key. */
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
