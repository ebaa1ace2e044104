import { ignoreConnectionSettings } from '../../lib/config.ts';

export type RunSettings = {
  /** In CI nothing may be skipped. */
  ci: boolean;
  /** How many processes at a time. */
  width: number;
  /** What the tests see: nothing of the shell's that names a database or a Stripe account. */
  env: NodeJS.ProcessEnv;
};

export function runSettings(): RunSettings {
  return {
    ci: process.env['CI'] === 'true',
    width: Number(process.env['JOBS'] ?? 2),
    env: { ...ignoreConnectionSettings(process.env), FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
  };
}
