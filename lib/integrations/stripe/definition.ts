// Stripe as the rest of the program knows it before it speaks to it. Nothing in this file loads the
// `stripe` package until it is needed.
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Config } from '../../config/config.ts';
import type { SystemAccess, SystemDefinition } from '../definition.ts';
import { stripeFailures } from './failure-codes.ts';
import { documentOf, stripeMappings } from './mappings.ts';
import { tagKeyOf } from './owner-tag.ts';

export type StripeAccess = SystemAccess & { secretKey: string; apiBase: string | undefined };

export const stripe = {
  name: 'stripe',
  label: 'Stripe',
  externalType: 'customer',
  // docs.stripe.com/api/events/list
  eventsKeptDays: 30,
  missing:
    'STRIPE_SECRET_KEY: the key of the account whose customers are kept the same; or SIMULATOR_URL, to try Twinbox with `npm run simulator`',
  lookAt: 'Look at STRIPE_SECRET_KEY and at the network.',
  signatureHeaders: ['Stripe-Signature'],
  failures: stripeFailures,

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

  mappings: stripeMappings,
  document: documentOf,

  async intake(instanceId: string, catalogue: Catalogue) {
    const { createStripeIntake } = await import('./intake.ts');
    return createStripeIntake(tagKeyOf(instanceId), documentOf(catalogue));
  },

  // The simulator's secret is accepted only if there is no key of a real account.
  webhookSecrets({ stripe: given, simulator }: Config) {
    const simulated = given.secretKey === undefined && simulator.webhookSecret !== undefined;
    return simulated ? [simulator.webhookSecret, ...given.webhookSecrets] : [...given.webhookSecrets];
  },
} as const satisfies SystemDefinition;

/** Stripe if there is a key, otherwise the simulator of SIMULATOR_URL, otherwise null. */
export function findStripeAccess({ stripe: given, simulator, catalogue }: Config): StripeAccess | null {
  const { secretKey, apiBase } = given;
  if (secretKey !== undefined) return accessBy({ secretKey, apiBase, standIn: null }, catalogue);
  return simulator.url === undefined ? null : simulatorAccess(simulator.url, catalogue);
}

export function simulatorAccess(url: string, catalogue: Catalogue): StripeAccess {
  return accessBy({ secretKey: SIMULATOR_KEY, apiBase: url, standIn: url }, catalogue);
}

/** An invented key: the simulator accepts any test key. */
const SIMULATOR_KEY = 'sk_test_twinbox_simulator';

function accessBy(
  { secretKey, apiBase, standIn }: Pick<StripeAccess, 'secretKey' | 'apiBase' | 'standIn'>,
  catalogue: Catalogue,
): StripeAccess {
  return {
    system: stripe,
    secretKey,
    apiBase,
    standIn,
    async integrate(instanceId, _authorize, sent) {
      const { createStripeIntegration } = await import('./stripe.ts');
      const document = documentOf(catalogue);
      return createStripeIntegration({ secretKey, apiBase, document, tagKey: tagKeyOf(instanceId), sent });
    },
    async examine(options) {
      const { examineStripe } = await import('./examine.ts');
      return await examineStripe({ secretKey, apiBase }, { ...options, simulated: standIn !== null });
    },
  };
}
