// What `twinbox repl` may work on: never data of real customers.
import { join } from 'node:path';
import type { Connection } from '../../db/connections.ts';
import { ignoreConnectionSettings, loadConfig, type Config } from '../../lib/config/config.ts';
import { settingOf } from '../../lib/config/systems.ts';
import { systems } from '../../lib/integrations/registry.ts';
import { CliError, exit } from '../exit.ts';

const WHY =
  'twinbox repl is for development only: in it rows, pairs and Stripe can be changed without a question';

/** Refuses an environment that is called production, and a live key. */
export function assertDevelopment(config: Config): void {
  const { env } = config;
  if (env.split('-').some((part) => ['production', 'prod', 'live'].includes(part)))
    throw new CliError(exit.settings, `TWINBOX_ENV is ${env}. ${WHY}. Use another TWINBOX_ENV and database.`);
  const live = systems.enabled(config).find((system) => system.isLive(config));
  if (live)
    throw new CliError(
      exit.settings,
      `${settingOf(live.name, 'SECRET_KEY')} is a live key. ${WHY}. Use a key of test mode, or no key for the simulator.`,
    );
}

/** Refuses a database that belongs to a live account, also without its key. */
export function assertTestAccount(connection: Connection | null): void {
  if (connection?.livemode === true)
    throw new CliError(
      exit.settings,
      `This database belongs to the live account ${String(connection.account)}. ${WHY}. Use another database.`,
    );
}

/**
 * The settings of a scratch system, without those that name a database, a Kafka, an account or a
 * port.
 */
export function scratchConfig(): Config {
  const config = loadConfig(ignoreConnectionSettings(), { envFile: false });
  return { ...config, dataDir: join(config.dataDir, 'try'), log: { level: 'info', format: 'json' } };
}
