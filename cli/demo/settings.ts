// What the demo runs on: a folder of its own and free ports, whatever the shell says; with
// --use-settings what the shell says.
import { join, resolve } from 'node:path';
import { ignoreConnectionSettings, loadConfig, type Config } from '../../lib/config/config.ts';
import { CliError, exit } from '../exit.ts';

/**
 * A change that Stripe keeps failing is parked after this long; the usual setting is a day, too
 * long for a demo.
 */
export const DEMO_PARK_MS = 2_000;

export function demoFolder(): string {
  // The folder is no connection setting: this one is honoured, so that a second demo can run beside
  // the first.
  const { dataDir } = loadConfig(ignoreConnectionSettings(), { envFile: false });
  return join(dataDir, 'demo');
}

export function demoConfig(folder: string, useSettings: boolean): Config {
  const config = useSettings ? loadConfig() : loadConfig(ignoreConnectionSettings(), { envFile: false });
  if (config.stripe.secretKey !== undefined && /^.k_live_/.test(config.stripe.secretKey)) {
    throw new CliError(
      exit.settings,
      'STRIPE_SECRET_KEY is a live key: the demo makes, edits and deletes customers, and does not touch real ones.',
    );
  }
  return {
    ...config,
    dataDir: resolve(folder),
    // Real Stripe has hiccups of its own; only scripted failures are to be parked so soon.
    parkAfterHours: config.stripe.secretKey === undefined ? DEMO_PARK_MS / 3_600_000 : config.parkAfterHours,
    log: { level: 'info', format: 'json' },
  };
}
