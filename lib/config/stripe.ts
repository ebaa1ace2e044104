// The settings of Stripe, a part of schema.ts, and what the config has of them.
import type { ValuesOf } from './values.ts';

export const stripeProperties = {
  STRIPE_SECRET_KEY: {
    group: 'Stripe',
    type: 'string',
    format: 'stripe-key',
    secret: true,
    description: 'The key of the Stripe account to keep in step. Without it Twinbox uses its own simulator.',
    expects:
      'a secret or restricted key of Stripe, which begins with sk_test_, sk_live_, rk_test_ or rk_live_',
    example: 'sk_test_…',
  },
  STRIPE_WEBHOOK_SECRET: {
    group: 'Stripe',
    type: 'array',
    items: { type: 'string', format: 'signing-secret' },
    secret: true,
    description: 'What Stripe signs its webhooks with; two with a comma while one replaces the other.',
    expects: 'a signing secret, which begins with whsec_; several with commas',
    example: 'whsec_…',
  },
  STRIPE_API_BASE: {
    group: 'Stripe',
    type: 'string',
    pattern: '^https?://[^/?#@]+/?$',
    description: 'Another address that speaks Stripe’s API, such as a simulator started by itself.',
    expects: 'an http or https address without a path',
    example: 'http://localhost:12111',
  },
  STRIPE_DELETE_POLICY: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['delete', 'detach'],
    default: 'delete',
    description: 'What a delete here does there: delete the Stripe customer too, or only forget the link.',
    expects: 'delete or detach',
    example: 'detach',
  },
  STRIPE_LINK_BY_EMAIL: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['ask', 'link', 'never'],
    default: 'ask',
    description:
      'What happens to a new Stripe customer with the email of a customer here: wait for your word, link the two unasked, or never link by email.',
    expects: 'ask, link or never',
    example: 'ask',
  },
  STRIPE_LOOK_BEFORE_CREATE: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'Whether Stripe is asked for customers with the email before a new one is made: one more call for each, and no second customer where a webhook is late. `off` trusts the records known from events alone.',
    expects: 'on or off',
    example: 'on',
  },
  STRIPE_IMPORT: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'Whether a Stripe customer that no Twinbox has marked as its own becomes a customer here. Of several installations on one account at most one should say on.',
    expects: 'on or off',
    example: 'on',
  },
  STRIPE_WRITES: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: '`off` only looks: nothing is written to Stripe, and what would be is listed.',
    expects: 'on or off',
    example: 'off',
  },
  STRIPE_PULLS: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: '`off` takes nothing over from Stripe.',
    expects: 'on or off',
    example: 'off',
  },
  STRIPE_RATE_LIMIT: {
    group: 'Stripe',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description:
      'The most requests a second that all workers together send to the account. Without it what Stripe allows by default: 100 in live mode, 25 in test mode. Less leaves room for other users of the account.',
    expects: 'a whole number of requests a second, from 1 to 10000',
    example: '80',
  },
  STRIPE_ENDPOINT_RATE_LIMIT: {
    group: 'Stripe',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description:
      'The same for each endpoint: creating, reading, updating and deleting a customer are four. Without it Stripe’s default, 25.',
    expects: 'a whole number of requests a second, from 1 to 10000',
    example: '20',
  },
} as const;

type Values = ValuesOf<typeof stripeProperties>;

export function readStripe(values: Values) {
  return {
    secretKey: values.STRIPE_SECRET_KEY,
    webhookSecrets: values.STRIPE_WEBHOOK_SECRET ?? [],
    apiBase: values.STRIPE_API_BASE,
    deletePolicy: values.STRIPE_DELETE_POLICY,
    linkByEmail: values.STRIPE_LINK_BY_EMAIL,
    looksBeforeCreate: values.STRIPE_LOOK_BEFORE_CREATE === 'on',
    imports: values.STRIPE_IMPORT === 'on',
    writes: values.STRIPE_WRITES === 'on',
    pulls: values.STRIPE_PULLS === 'on',
    rateLimit: values.STRIPE_RATE_LIMIT,
    endpointRateLimit: values.STRIPE_ENDPOINT_RATE_LIMIT,
  } as const;
}

/** Settings that are right by themselves and wrong together. */
export function findStripeConflicts({ STRIPE_API_BASE, STRIPE_SECRET_KEY }: Values): string[] {
  const problems: string[] = [];
  if (STRIPE_API_BASE !== undefined && STRIPE_SECRET_KEY === undefined)
    problems.push(
      'STRIPE_API_BASE needs a STRIPE_SECRET_KEY; a simulator takes any that begins with sk_test_',
    );
  if (STRIPE_API_BASE?.startsWith('http:') === true && isLiveKey(STRIPE_SECRET_KEY))
    problems.push(
      'STRIPE_SECRET_KEY is a live key, and STRIPE_API_BASE would send it unencrypted. Use https',
    );
  return problems;
}

function isLiveKey(key: string | undefined): boolean {
  return key !== undefined && /^..?_live_/.test(key);
}
