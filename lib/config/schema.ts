import { kafkaProperties } from './kafka.ts';
import { remoteProperties } from './remote.ts';
import type { secretForms } from './secret-forms.ts';
import { simulatorProperties } from './simulator.ts';
import { systemProperties } from './systems.ts';
import { tracingProperties } from './tracing.ts';
import type { ValuesOf } from './values.ts';
import { watchingProperties } from './watching.ts';

/**
 * Every setting of Twinbox, in one JSON Schema. The schema checks the settings, and `.env.example`
 * and docs/settings.md are generated from it (`npm run docs:settings`). A secret has no default. A
 * setting of type `array` is a list, separated by commas.
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
        'The PostgreSQL (15 or newer) that holds the customers. If it is not set, Twinbox starts a PostgreSQL of its own in `TWINBOX_DATA_DIR`.',
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
    RELAY_SHARDS: {
      group: 'Postgres',
      type: 'integer',
      minimum: 1,
      maximum: 16,
      default: 1,
      description:
        'Into how many shards the relay of a new database is divided. Later `npx twinbox relay --shards` changes the number, which is stored in the database (docs/scaling.md).',
      expects: 'a whole number from 1 to 16',
      example: '4',
    },
    ...kafkaProperties,
    ...systemProperties,
    API_HOST: {
      group: 'API',
      type: 'string',
      pattern: '^[A-Za-z0-9.:_-]+$',
      default: '127.0.0.1',
      description:
        'The address that the API listens on. On an address that is not a loopback address the API starts only with `API_KEYS`, with a key in the database (`twinbox keys create`), or with `API_INSECURE=yes`.',
      expects: 'a host name or an IP address',
      example: '127.0.0.1',
    },
    API_PORT: {
      group: 'API',
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 8000,
      description: 'The port that the API listens on; 0 means any free port.',
      expects: 'a port, from 0 to 65535',
      example: '8000',
    },
    API_WORKERS: {
      group: 'API',
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 1,
      description: 'How many processes serve the API when the API runs separately from the other roles.',
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
        'How many seconds a connection may stay idle between two requests. Set a higher number than the limit of the load balancer or proxy in front of the API, which is usually 60. Otherwise the proxy may send a request on a connection that is being closed, and answer 502.',
      expects: 'a whole number of seconds from 1 to 3600',
      example: '75',
    },
    API_KEYS: {
      group: 'API',
      type: 'array',
      items: { type: 'string', format: 'bearer-key' },
      secret: true,
      description:
        'Bearer keys of the API that may do everything (scope admin). `twinbox keys create` makes keys that may do less, expire and can be revoked. With any key a client must send one with every request, except to `/health`, `/ready` and signed webhooks.',
      expects:
        'keys of at least 16 letters, digits and -._~+/ each, several separated by commas (openssl rand -hex 24 makes one)',
      example: 'a-long-random-text',
    },
    API_KEY_SECRET: {
      group: 'API',
      type: 'array',
      items: { type: 'string', format: 'hash-secret' },
      secret: true,
      description:
        'The secret that the keys in the database are hashed with, in the API and for `twinbox keys`. If it is set, whoever can only write the database cannot make a key. The first one hashes new keys, all of them check. If it is not set, a random one in the database is used. Setting it ends the keys that were made without it.',
      expects:
        'secrets of at least 32 characters each, several separated by commas while one is being replaced (openssl rand -base64 32 makes one)',
      example: 'a-long-random-text-of-32-characters-or-more',
    },
    API_INSECURE: {
      group: 'API',
      type: 'string',
      enum: ['yes', 'no'],
      default: 'no',
      description:
        'With `yes` the API may listen without keys on an address that other machines can reach. Where there is a key, it is needed all the same.',
      expects: 'yes or no',
      example: 'yes',
    },
    CONSOLE_PAGES: {
      group: 'API',
      type: 'string',
      enum: ['on', 'off'],
      default: 'on',
      description:
        'The console: pages for operators at `/console` of the API, with the rights of the key that a person logs in with. `off`: there are none.',
      expects: 'on or off',
      example: 'off',
    },
    CONSOLE_PORT: {
      group: 'API',
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      description:
        'A port of the console alone, on `API_HOST`; 0 means any free port. If it is not set, the console is on the port of the API.',
      expects: 'a port, from 0 to 65535',
      example: '8090',
    },
    ...watchingProperties,
    LOG_LEVEL: {
      group: 'Log',
      type: 'string',
      enum: ['error', 'warn', 'info', 'debug'],
      default: 'info',
      description: 'The lowest level of the lines that are written to the log.',
      expects: 'error, warn, info or debug',
      example: 'debug',
    },
    LOG_FORMAT: {
      group: 'Log',
      type: 'string',
      enum: ['json', 'pretty'],
      description:
        '`json`: one JSON object per line. `pretty`: lines for people. If it is not set: `pretty` on a terminal, otherwise `json`.',
      expects: 'json or pretty',
      example: 'json',
    },
    ...tracingProperties,
    TWINBOX_ENV: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'string',
      pattern: '^[a-z0-9-]{1,20}$',
      default: 'dev',
      description:
        'The name of this environment. The name is part of every idempotency key that is sent to Stripe.',
      expects: '1 to 20 small letters, digits and dashes',
      example: 'production',
    },
    TWINBOX_OWNER: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'string',
      pattern: '^[a-z][a-z0-9_-]{0,40}$',
      description:
        'The system that your customers belong to, if several are kept in step: if a customer is deleted there, it is deleted in our table and at the others, unless the settings of that system say otherwise. A delete at any other system waits until you decide. The only system is the owner by itself.',
      expects: 'the name of a system that is kept in step, such as stripe',
      example: 'stripe',
    },
    TWINBOX_SECRET_KEY: {
      group: 'Twinbox',
      type: 'array',
      items: { type: 'string', format: 'secret-key' },
      secret: true,
      description:
        'The key that encrypts stored credentials. Only systems whose credentials are minted or rotate need it; Stripe does not. To replace it, set the new key, a comma and the old key, in every process; the old one may go once `twinbox credentials show` names only the new one. If it is lost, each account has to be connected again.',
      expects: 'a key of 32 bytes in base64 (openssl rand -base64 32 makes one); several separated by commas',
      example: 'YW4gZXhhbXBsZSwgYW5kIG5vdCBhIHNlY3JldCBrZXk=',
    },
    TWINBOX_DATA_DIR: {
      group: 'Twinbox',
      type: 'string',
      default: '.twinbox',
      description: 'The folder in which Twinbox keeps its own PostgreSQL and the simulator’s state.',
      expects: 'a folder',
      example: '.twinbox',
    },
    ...remoteProperties,
    TWINBOX_CONFIG: {
      group: 'Twinbox',
      type: 'string',
      description:
        'The file of your own tables, fields and mappings, explained in `docs/catalogue.md`. If it is not set: `twinbox.config.ts` or `twinbox.config.json` in the working folder, if there is one.',
      expects: 'the path of a .ts or .json file',
      example: 'twinbox.config.ts',
    },
    TWINBOX_PARK_AFTER_HOURS: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 8760,
      default: 24,
      description:
        'How long a customer’s change is tried again before the customer is parked, so that a person looks at it.',
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
        'How long events and deliveries are kept. Stripe lists and sends again the events of 30 days, so 35 is the minimum.',
      expects: 'a whole number of days, at least 35',
      example: '90',
    },
    TWINBOX_AUDIT_DAYS: {
      group: 'Twinbox',
      alike: ['worker'],
      type: 'integer',
      minimum: 35,
      maximum: 36500,
      default: 730,
      description: 'How long the record of operations is kept; checkpoints hold what leaves.',
      expects: 'a whole number of days, at least 35',
      example: '3650',
    },
    TWINBOX_IGNORE: {
      group: 'Twinbox',
      type: 'array',
      items: { type: 'string', pattern: '^[A-Za-z0-9_]+$' },
      description:
        'Variables of other programs whose names are similar to a setting of Twinbox. They are then not reported as a mistake.',
      expects: 'names of variables, several separated by commas',
      example: 'API_TOKEN',
    },
    ...simulatorProperties,
  },
} as const;

type Properties = typeof settingsSchema.properties;

export type SettingName = keyof Properties;

/** The type of one property of the schema, for code that goes through all of them. */
export type Setting = {
  group: string;
  type: 'string' | 'integer' | 'number' | 'array';
  description: string;
  /** What a valid value is; completes the sentence "it must be …". */
  expects: string;
  example: string;
  default?: string | number;
  /** The texts to choose from, all in small letters; capital letters are accepted too. */
  enum?: readonly string[];
  /** The name of a secret's form in secret-forms.ts; for a list, the form of each item. */
  format?: keyof typeof secretForms;
  items?: { format?: keyof typeof secretForms };
  secret?: boolean;
  /**
   * The roles whose processes must all have the same value, because the value changes what they do.
   */
  alike?: readonly ('relay' | 'worker')[];
};

/** The checked values, by the names of their settings. */
export type Settings = ValuesOf<Properties>;

export const settings: readonly (readonly [SettingName, Setting])[] = Object.entries(
  settingsSchema.properties,
) as [SettingName, Setting][];
