import { ignoreConnectionSettings } from '../../lib/config/config.ts';

export type RunSettings = {
  /** In CI nothing may be skipped. */
  ci: boolean;
  /** How many processes at a time. */
  width: number;
  /** Keep the databases of failed tests, and the server that has them. */
  keep: boolean;
  /** What the tests see: nothing of the shell's that names a database or a Stripe account. */
  env: NodeJS.ProcessEnv;
};

export function runSettings(): RunSettings {
  return {
    ci: process.env['CI'] === 'true',
    width: Number(process.env['JOBS'] ?? 2),
    keep: process.env['KEEP'] === '1',
    env: {
      ...ignoreConnectionSettings(process.env),
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    },
  };
}
