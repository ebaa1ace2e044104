// The settings of Stripe, a part of schema.ts, and the values of the config that are read from
// them.
import type { ValuesOf } from './values.ts';

const stripeProperties = {
  STRIPE_SECRET_KEY: {
    group: 'Stripe',
    type: 'string',
    format: 'stripe-key',
    secret: true,
    description:
      'The key of the Stripe account whose customers are kept the same. If it is not set, Twinbox uses its own simulator.',
    expects:
      'a secret or restricted key of Stripe, which begins with sk_test_, sk_live_, rk_test_ or rk_live_',
    example: 'sk_test_…',
  },
  STRIPE_WEBHOOK_SECRET: {
    group: 'Stripe',
    type: 'array',
    items: { type: 'string', format: 'signing-secret' },
    secret: true,
    description:
      'The secret with which Stripe signs its webhooks. While a new secret replaces an old one, set both, separated by a comma.',
    expects: 'a signing secret, which begins with whsec_; several separated by commas',
    example: 'whsec_…',
  },
  STRIPE_API_BASE: {
    group: 'Stripe',
    type: 'string',
    pattern: '^https?://[^/?#@]+/?$',
    description:
      'The address of another server with Stripe’s API, such as a simulator that runs as a process of its own.',
    expects: 'an http or https address without a path',
    example: 'http://localhost:12111',
  },
  STRIPE_DELETE_POLICY: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['delete', 'detach'],
    default: 'delete',
    description:
      'What the delete of a customer in our table does at Stripe: `delete` deletes the Stripe customer too, `detach` leaves it as it is and ends the pair.',
    expects: 'delete or detach',
    example: 'detach',
  },
  STRIPE_DELETES_IN: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['delete', 'detach', 'ask'],
    description:
      'What the delete of a customer at Stripe does here: `delete` deletes the customer in our table and at the other systems, `detach` only ends the pair, `ask` waits until you decide (`twinbox deletes stripe`). If it is not set: `delete` if Stripe is the only system or the owner (`TWINBOX_OWNER`), otherwise `ask`.',
    expects: 'delete, detach or ask',
    example: 'ask',
  },
  STRIPE_LINK_BY_EMAIL: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['ask', 'link', 'never'],
    default: 'ask',
    description:
      'What happens to a new Stripe customer with the email of a customer in our table: `ask` waits for your consent, `link` links the two without asking, `never` never links by email.',
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
      'Whether a worker asks Stripe for customers with the same email before it creates one. This costs one more call for each create, and no second customer is created if a webhook is late. With `off` a worker looks only at records that are known from events.',
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
      'Whether a Stripe customer without an owner tag of any Twinbox becomes a customer in our table. If several installations use one account, set it to `on` for at most one of them.',
    expects: 'on or off',
    example: 'on',
  },
  STRIPE_WRITES: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'With `off` nothing is written to Stripe: workers only read, and `twinbox status` counts the changes that wait.',
    expects: 'on or off',
    example: 'off',
  },
  STRIPE_PULLS: {
    group: 'Stripe',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: 'With `off` no change made at Stripe is written to our table.',
    expects: 'on or off',
    example: 'off',
  },
  STRIPE_RATE_LIMIT: {
    group: 'Stripe',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description:
      'The most requests a second that all workers together send to the account. If it is not set, Stripe’s default limit is used: 100 in live mode, 25 in test mode. A lower number leaves requests for other programs that use the account.',
    expects: 'a whole number of requests a second, from 1 to 10000',
    example: '80',
  },
  STRIPE_ENDPOINT_RATE_LIMIT: {
    group: 'Stripe',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description:
      'The most requests a second to one endpoint. Creating, reading, updating and deleting a customer are four endpoints. If it is not set, Stripe’s default limit is used: 25.',
    expects: 'a whole number of requests a second, from 1 to 10000',
    example: '20',
  },
} as const;

type Values = ValuesOf<typeof stripeProperties>;

function readStripe(values: Values) {
  return {
    secretKey: values.STRIPE_SECRET_KEY,
    webhookSecrets: values.STRIPE_WEBHOOK_SECRET ?? [],
    apiBase: values.STRIPE_API_BASE,
    deletePolicy: values.STRIPE_DELETE_POLICY,
    deletesIn: values.STRIPE_DELETES_IN,
    linkByEmail: values.STRIPE_LINK_BY_EMAIL,
    looksBeforeCreate: values.STRIPE_LOOK_BEFORE_CREATE === 'on',
    imports: values.STRIPE_IMPORT === 'on',
    writes: values.STRIPE_WRITES === 'on',
    pulls: values.STRIPE_PULLS === 'on',
    rateLimit: values.STRIPE_RATE_LIMIT,
    endpointRateLimit: values.STRIPE_ENDPOINT_RATE_LIMIT,
  } as const;
}

/** Settings that are valid each by itself and wrong in combination. */
function findStripeConflicts({ STRIPE_API_BASE, STRIPE_SECRET_KEY }: Values): string[] {
  const problems: string[] = [];
  if (STRIPE_API_BASE !== undefined && STRIPE_SECRET_KEY === undefined)
    problems.push(
      'STRIPE_API_BASE needs a STRIPE_SECRET_KEY; a simulator accepts any key that begins with sk_test_',
    );
  if (STRIPE_API_BASE?.startsWith('http:') === true && isLiveKey(STRIPE_SECRET_KEY))
    problems.push(
      'STRIPE_SECRET_KEY is a live key, and STRIPE_API_BASE begins with http, so the key would be sent unencrypted. Use https',
    );
  return problems;
}

function isLiveKey(key: string | undefined): boolean {
  return key !== undefined && /^..?_live_/.test(key);
}

export const stripeSettings = {
  properties: stripeProperties,
  read: readStripe,
  findConflicts: findStripeConflicts,
};
