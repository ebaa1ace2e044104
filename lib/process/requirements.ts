// What a separate process requires, and `twinbox up` starts by itself.
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { Role } from './run.ts';

/** The key and the address for calls to Stripe. */
export type StripeAccess = {
  secretKey: string;
  apiBase: string | undefined;
  /** Whether it is the simulator and not the real Stripe. */
  simulated: boolean;
};

/**
 * Requires a database and Kafka, which a separate process cannot replace by parts of its own.
 * Throws
 * `config_invalid` with all that is missing.
 */
export function requireShared(config: Config, role: Role): { databaseUrl: string } {
  const { url } = config.database;
  const missing = [
    ...(url === undefined ? ['DATABASE_URL: the PostgreSQL that all processes share'] : []),
    ...(config.kafka.bootstrapServers.length === 0
      ? [
          'KAFKA_BOOTSTRAP_SERVERS: without Kafka events do not reach other processes; `make kafka` starts a broker to try it with',
        ]
      : []),
  ];
  if (url === undefined || missing.length > 0) throw settingsMissing(role, missing);
  return { databaseUrl: url };
}

/**
 * The access to Stripe of a process that calls it. Throws `config_invalid` if no setting names one.
 */
export function requireStripe(config: Config, role: Role): StripeAccess {
  const access = findStripeAccess(config);
  if (access) return access;
  throw settingsMissing(role, [
    'STRIPE_SECRET_KEY: the key of the account whose customers are kept the same; or SIMULATOR_URL, to try Twinbox with `npm run simulator`',
  ]);
}

/** Stripe if there is a key, otherwise the simulator of SIMULATOR_URL, otherwise null. */
export function findStripeAccess({ stripe, simulator }: Config): StripeAccess | null {
  const { secretKey, apiBase } = stripe;
  if (secretKey !== undefined) return { secretKey, apiBase, simulated: false };
  if (simulator.url !== undefined) return simulatorAccess(simulator.url);
  return null;
}

export function simulatorAccess(url: string): StripeAccess {
  return { secretKey: SIMULATOR_KEY, apiBase: url, simulated: true };
}

/** An invented key: the simulator accepts any test key. */
const SIMULATOR_KEY = 'sk_test_twinbox_simulator';

/** The simulator's secret is accepted only if there is no key of a real account. */
export function webhookSecrets({ stripe, simulator }: Config): string[] {
  const simulated = stripe.secretKey === undefined && simulator.webhookSecret !== undefined;
  return simulated ? [simulator.webhookSecret, ...stripe.webhookSecrets] : [...stripe.webhookSecrets];
}

function settingsMissing(role: Role, missing: string[]): AppError {
  const list = missing.map((line) => `  - ${line}.`).join('\n');
  return new AppError('config_invalid', {
    detail:
      `A separate ${role} process cannot start without\n${list}\n` +
      'To run everything in one process, no settings are required: npx twinbox up. More in docs/deployment.md.',
  });
}
