// What a process of its own needs that `twinbox up` brings along.
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { Role } from './run.ts';

/** Where Stripe is, and what its webhooks are signed with. */
export type StripeAccess = {
  secretKey: string;
  apiBase: string | undefined;
  /** The simulator stands in for it. */
  simulated: boolean;
};

/**
 * The database and Kafka: nothing inside this process can take their place. Throws `config_invalid`
 * with all that is missing.
 */
export function requireShared(config: Config, role: Role): { databaseUrl: string } {
  const { url } = config.database;
  const missing = [
    ...(url === undefined ? ['DATABASE_URL: the PostgreSQL that all processes share'] : []),
    ...(config.kafka.bootstrapServers.length === 0
      ? [
          'KAFKA_BOOTSTRAP_SERVERS: the bus inside a process reaches no other process; `make kafka` starts a broker to try it with',
        ]
      : []),
  ];
  if (url === undefined || missing.length > 0) throw lacks(role, missing);
  return { databaseUrl: url };
}

/** Where the process that calls Stripe finds it. Throws `config_invalid` if nothing says so. */
export function requireStripe(config: Config, role: Role): StripeAccess {
  const access = findStripeAccess(config);
  if (access) return access;
  throw lacks(role, [
    'STRIPE_SECRET_KEY: the account to keep in step; or SIMULATOR_URL, to try it with `npm run simulator`',
  ]);
}

/** Stripe by its key, else the simulator that runs by itself, else null. */
export function findStripeAccess({ stripe, simulator }: Config): StripeAccess | null {
  const { secretKey, apiBase } = stripe;
  if (secretKey !== undefined) return { secretKey, apiBase, simulated: false };
  if (simulator.url !== undefined) return simulatorAccess(simulator.url);
  return null;
}

export function simulatorAccess(url: string): StripeAccess {
  return { secretKey: SIMULATOR_KEY, apiBase: url, simulated: true };
}

/** Obviously made up: the simulator takes any test key. */
const SIMULATOR_KEY = 'sk_test_twinbox_simulator';

/** The simulator's secret is believed only where no real account could be meant. */
export function webhookSecrets({ stripe, simulator }: Config): string[] {
  const simulated = stripe.secretKey === undefined && simulator.webhookSecret !== undefined;
  return simulated ? [simulator.webhookSecret, ...stripe.webhookSecrets] : [...stripe.webhookSecrets];
}

function lacks(role: Role, missing: string[]): AppError {
  const list = missing.map((line) => `  - ${line}.`).join('\n');
  return new AppError('config_invalid', {
    detail:
      `A process of its own cannot start as ${role} without\n${list}\n` +
      'Everything in one process needs no settings: npx twinbox up. More in docs/deployment.md.',
  });
}
