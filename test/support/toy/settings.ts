// The settings of Toy, a part of schema.ts, and the values of the config that are read from them.
import type { ValuesOf } from '../../../lib/config/values.ts';

const properties = {
  TOY_URL: {
    group: 'Toy',
    type: 'string',
    pattern: '^https?://[^/?#@]+(/[^?#@]*)?$',
    description: 'The address of Toy’s API. Toy is kept in step if this setting and `TOY_TOKEN` are set.',
    expects: 'an http or https address',
    example: 'https://api.toy.example',
  },
  TOY_TOKEN: {
    group: 'Toy',
    type: 'string',
    secret: true,
    description: 'The token of the Toy account whose people are kept the same.',
    expects: 'a token of Toy',
    example: 'a-token-of-toy',
  },
  TOY_CLIENT_SECRET: {
    group: 'Toy',
    type: 'string',
    secret: true,
    description:
      'The secret of the client. `TOY_TOKEN` is not used beside it: Toy gives tokens that change, which are stored encrypted with `TWINBOX_SECRET_KEY`. `twinbox credentials set toy` takes the first refresh token.',
    expects: 'the secret of a client of Toy',
    example: 'a-client-secret-of-toy',
  },
  TOY_WEBHOOK_SECRET: {
    group: 'Toy',
    type: 'array',
    items: { type: 'string' },
    secret: true,
    description:
      'The secret with which Toy signs its webhooks. While a new secret replaces an old one, set both, separated by a comma.',
    expects: 'a signing secret; several separated by commas',
    example: 'a-secret-of-toy',
  },
  TOY_DELETE_POLICY: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['delete', 'detach'],
    default: 'delete',
    description:
      'What the delete of a customer in our table does at Toy: `delete` deletes the person too, `detach` leaves it as it is and ends the pair.',
    expects: 'delete or detach',
    example: 'detach',
  },
  TOY_DELETES_IN: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['delete', 'detach', 'ask'],
    description:
      'What the delete of a person at Toy does here: `delete` deletes the customer in our table and at the other systems, `detach` only ends the pair, `ask` waits until you decide (`twinbox deletes toy`). If it is not set: `delete` if Toy is the only system or the owner (`TWINBOX_OWNER`), otherwise `ask`.',
    expects: 'delete, detach or ask',
    example: 'ask',
  },
  TOY_LINK_BY_EMAIL: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['ask', 'link', 'never'],
    default: 'ask',
    description:
      'What happens to a new person of Toy with the email of a customer in our table: `ask` waits for your consent, `link` links the two without asking, `never` never links by email.',
    expects: 'ask, link or never',
    example: 'ask',
  },
  TOY_LOOK_BEFORE_CREATE: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'Whether a worker asks Toy for people with the same email before it creates one. This costs one more call for each create.',
    expects: 'on or off',
    example: 'on',
  },
  TOY_IMPORT: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'Whether a person of Toy without an owner tag of any Twinbox becomes a customer in our table.',
    expects: 'on or off',
    example: 'on',
  },
  TOY_WRITES: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: 'With `off` nothing is written to Toy: workers only read.',
    expects: 'on or off',
    example: 'off',
  },
  TOY_PULLS: {
    group: 'Toy',
    alike: ['worker'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: 'With `off` no change made at Toy is written to our table.',
    expects: 'on or off',
    example: 'off',
  },
  TOY_RATE_LIMIT: {
    group: 'Toy',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description:
      'The most requests a second that all workers together send to Toy. A lower number leaves requests for other programs that use the account.',
    expects: 'a whole number of requests a second, from 1 to 10000',
    example: '50',
  },
} as const;

type Values = ValuesOf<typeof properties>;

export type ToySettings = ReturnType<typeof read>;

function read(values: Values) {
  return {
    url: values.TOY_URL,
    token: values.TOY_TOKEN,
    clientSecret: values.TOY_CLIENT_SECRET,
    webhookSecrets: values.TOY_WEBHOOK_SECRET ?? [],
    deletePolicy: values.TOY_DELETE_POLICY,
    deletesIn: values.TOY_DELETES_IN,
    linkByEmail: values.TOY_LINK_BY_EMAIL,
    looksBeforeCreate: values.TOY_LOOK_BEFORE_CREATE === 'on',
    imports: values.TOY_IMPORT === 'on',
    writes: values.TOY_WRITES === 'on',
    pulls: values.TOY_PULLS === 'on',
    rateLimit: values.TOY_RATE_LIMIT,
  } as const;
}

/** Settings that are valid each by itself and wrong in combination. */
function findConflicts({ TOY_URL: url, TOY_TOKEN: token, TOY_CLIENT_SECRET: client }: Values): string[] {
  if ((url === undefined) === ((token ?? client) === undefined)) return [];
  return ['TOY_URL and TOY_TOKEN (or TOY_CLIENT_SECRET) belong together: set both, or neither'];
}

export const toySettings = { properties, read, findConflicts };
