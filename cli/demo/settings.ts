// The settings of the demo: a folder of its own and free ports, without the shell's connection
// settings; with --use-settings those of the shell. A configuration in the working folder counts: its
// fields are what the demo shows.
import { join, resolve } from 'node:path';
import { ignoreConnectionSettings, loadConfig, type Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { CliError, exit } from '../exit.ts';

/**
 * How long a failing change is tried again before it is parked. The usual setting is a day, which
 * is too long for a demo.
 */
export const DEMO_PARK_MS = 2_000;

export function demoFolder(): string {
  // The folder is not a connection setting. It is used, so that a second demo can run beside the
  // first one.
  const { dataDir } = loadConfig(ignoreConnectionSettings(), { envFile: false });
  return join(dataDir, 'demo');
}

export function demoConfig(folder: string, useSettings: boolean): Config {
  const config = useSettings
    ? loadConfigAndCatalogue()
    : loadConfigAndCatalogue(ignoreConnectionSettings(), { envFile: false });
  if (config.stripe.secretKey !== undefined && /^.k_live_/.test(config.stripe.secretKey)) {
    throw new CliError(
      exit.settings,
      'STRIPE_SECRET_KEY is a live key: the demo makes, edits and deletes customers, and does not touch real ones.',
    );
  }
  return {
    ...config,
    dataDir: resolve(folder),
    // The real Stripe fails now and then; only the demo's own failures should be parked so soon.
    parkAfterHours: config.stripe.secretKey === undefined ? DEMO_PARK_MS / 3_600_000 : config.parkAfterHours,
    log: { level: 'info', format: 'json' },
  };
}
