import { kafkaProperties } from './kafka.ts';
import type { secretForms } from './secret-forms.ts';
import { systemProperties } from './systems.ts';
import type { ValuesOf } from './values.ts';

/**
 * Every setting of Twinbox, in one JSON Schema: it checks them, and `.env.example` and
 * docs/settings.md are written from it (`npm run docs:settings`). A secret has no default. A
 * setting of type `array` is a list with commas.
 */
export const settingsSchema = {
  type: 'object',
  properties: {
    DATABASE_URL: {
      group: 'Postgres',
      type: 'string',
      pattern: '^postgres(ql)?://[^/]+/.+',
      secret: true,
      description:
        'The PostgreSQL (15 or newer) that holds the customers. Without it Twinbox starts one of its own in `TWINBOX_DATA_DIR`.',
      expects: 'an address with a database name',
      example: 'postgresql://user:password@localhost:5432/twinbox',
    },
    DATABASE_POOL_SIZE: {
      group: 'Postgres',
      type: 'integer',
      minimum: 2,
      maximum: 500,
      default: 10,
      description: 'The most connections that one process opens.',
      expects: 'a whole number from 2 to 500',
      example: '10',
    },
    ...kafkaProperties,
    ...systemProperties,
    API_HOST: {
      group: 'API',
      type: 'string',
      pattern: '^[A-Za-z0-9.:_-]+$',
      default: '127.0.0.1',
      description:
        'The address the API listens on. Any but a loopback address needs `API_KEYS`, or `API_INSECURE=yes`.',
      expects: 'a host name or an IP address',
      example: '127.0.0.1',
    },
    API_PORT: {
      group: 'API',
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 8000,
      description: 'The port the API listens on; 0 takes a free one.',
      expects: 'a port, from 0 to 65535',
      example: '8000',
    },
    API_WORKERS: {
      group: 'API',
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 1,
      description: 'How many processes serve the API when it runs by itself.',
      expects: 'a whole number from 1 to 64',
      example: '1',
    },
    API_KEEP_ALIVE_S: {
      group: 'API',
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      default: 75,
      description:
        'How many seconds a connection may stay idle between two requests. Set it above the limit of the load balancer or proxy in front, which is mostly 60: else that sends a request down a connection that is being closed, and answers 502.',
      expects: 'a whole number of seconds from 1 to 3600',
      example: '75',
    },
    API_KEYS: {
      group: 'API',
      type: 'array',
      items: { type: 'string', format: 'bearer-key' },
      secret: true,
      description:
        'Bearer keys that clients must show for everything but `/health`, `/ready` and webhooks; several with commas.',
      expects:
        'keys of at least 16 letters, digits and -._~+/ each, several with commas (openssl rand -hex 24 makes one)',
      example: 'a-long-random-text',
    },
    API_INSECURE: {
      group: 'API',
      type: 'string',
      enum: ['yes', 'no'],
      default: 'no',
      description: '`yes` lets the API listen on an open address without keys.',
      expects: 'yes or no',
      example: 'yes',
    },
    HEALTH_HOST: {
      group: 'Health',
      type: 'string',
      pattern: '^[A-Za-z0-9.:_-]+$',
      default: '127.0.0.1',
      description:
        'The address on which a relay or worker of its own answers `/health` and `/ready`. They tell no secrets and no customer, but how far behind the work is.',
      expects: 'a host name or an IP address',
      example: '0.0.0.0',
    },
    HEALTH_PORT: {
      group: 'Health',
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      description:
        'The port for that; 8001 for a relay and 8002 for a worker unless set. 0 takes a free one.',
      expects: 'a port, from 0 to 65535',
      example: '8003',
    },
    LOG_LEVEL: {
      group: 'Log',
      type: 'string',
      enum: ['error', 'warn', 'info', 'debug'],
      default: 'info',
      description: 'The least important lines that are written.',
      expects: 'error, warn, info or debug',
      example: 'debug',
    },
    LOG_FORMAT: {
      group: 'Log',
      type: 'string',
      enum: ['json', 'pretty'],
      description: 'One JSON object per line, or lines for a person. On a terminal `pretty`, else `json`.',
      expects: 'json or pretty',
      example: 'json',
    },
    TWINBOX_ENV: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'string',
      pattern: '^[a-z0-9-]{1,20}$',
      default: 'dev',
      description: 'The name of this environment. It is part of every idempotency key sent to Stripe.',
      expects: '1 to 20 small letters, digits and dashes',
      example: 'production',
    },
    TWINBOX_DATA_DIR: {
      group: 'Twinbox',
      type: 'string',
      default: '.twinbox',
      description: 'Where Twinbox keeps its own PostgreSQL and the simulator’s state.',
      expects: 'a folder',
      example: '.twinbox',
    },
    TWINBOX_PARK_AFTER_HOURS: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 8760,
      default: 24,
      description: 'How long a customer’s change is tried again before it is parked for a person to look at.',
      expects: 'a number of hours, more than 0',
      example: '24',
    },
    TWINBOX_RETENTION_DAYS: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'integer',
      minimum: 35,
      maximum: 3650,
      default: 35,
      description:
        'How long events and deliveries are kept. Stripe lists and resends 30 days, so 35 is the least.',
      expects: 'a whole number of days, at least 35',
      example: '90',
    },
    TWINBOX_IGNORE: {
      group: 'Twinbox',
      type: 'array',
      items: { type: 'string', pattern: '^[A-Za-z0-9_]+$' },
      description:
        'Variables of other programs that are taken for a mistake in a name of ours and are none; several with commas.',
      expects: 'names of variables, several with commas',
      example: 'API_TOKEN',
    },
    SIMULATOR_URL: {
      group: 'Simulator',
      type: 'string',
      pattern: '^http://[^/?#@]+/?$',
      description:
        'Where a simulator that runs by itself is. It takes the place of Stripe while there is no `STRIPE_SECRET_KEY`.',
      expects: 'an http address without a path',
      example: 'http://localhost:12111',
    },
    SIMULATOR_WEBHOOK_SECRET: {
      group: 'Simulator',
      type: 'string',
      format: 'signing-secret',
      secret: true,
      description:
        'What that simulator signs its webhooks with, the same in its own environment. It is believed only while there is no `STRIPE_SECRET_KEY`.',
      expects: 'a signing secret, which begins with whsec_',
      example: 'whsec_only_for_the_simulator',
    },
    SIMULATOR_PORT: {
      group: 'Simulator',
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 12_111,
      description: 'The port the Stripe simulator listens on; 0 takes a free one.',
      expects: 'a port, from 0 to 65535',
      example: '12111',
    },
  },
} as const;

type Properties = typeof settingsSchema.properties;

export type SettingName = keyof Properties;

/** One property of the schema, as the code that walks all of them sees it. */
export type Setting = {
  group: string;
  type: 'string' | 'integer' | 'number' | 'array';
  description: string;
  /** What a right value is, to complete "it must be …". */
  expects: string;
  example: string;
  default?: string | number;
  /** Texts to choose from, all in small letters; any case is taken. */
  enum?: readonly string[];
  /** A secret's form, by its name in secret-forms.ts; of a list, the form of each item. */
  format?: keyof typeof secretForms;
  items?: { format?: keyof typeof secretForms };
  secret?: boolean;
  /** The roles whose processes all have to have the same value, because it changes what is done. */
  alike?: readonly ('relay' | 'worker')[];
};

/** The checked values, under the names that they have outside. */
export type Settings = ValuesOf<Properties>;

export const settings: readonly (readonly [SettingName, Setting])[] = Object.entries(
  settingsSchema.properties,
) as [SettingName, Setting][];
