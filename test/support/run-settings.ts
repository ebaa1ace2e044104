import { ignoreConnectionSettings } from '../../lib/config/config.ts';

export type RunSettings = {
  /** In CI no test may be skipped. */
  ci: boolean;
  /** The number of processes at a time. */
  width: number;
  /**
   * Whether to print how much of the code the tests run. It slows every process by a quarter, and
   * no test reads it.
   */
  coverage: boolean;
  /** Whether to keep the databases of failed tests, and their server. */
  keep: boolean;
  /**
   * The environment of the tests: without the shell's variables for a database or a Stripe account.
   */
  env: NodeJS.ProcessEnv;
};

/**
 * On two processors: a suite of tests waits a third of its time, a proof uses the processor all the
 * time.
 */
const WIDTH = { tests: 3, proof: 2 };

export function runSettings({ proof = false } = {}): RunSettings {
  return {
    ci: process.env['CI'] === 'true',
    width: Number(process.env['JOBS'] ?? (proof ? WIDTH.proof : WIDTH.tests)),
    coverage: process.env['COVERAGE'] === '1',
    keep: process.env['KEEP'] === '1',
    env: {
      ...ignoreConnectionSettings(process.env),
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    },
  };
}
