import { ignoreConnectionSettings } from '../../lib/config/config.ts';

export type RunSettings = {
  /** In CI nothing may be skipped. */
  ci: boolean;
  /** How many processes at a time. */
  width: number;
  /** Print how much of the code the tests run. It slows every process by a quarter, and no test reads it. */
  coverage: boolean;
  /** Keep the databases of failed tests, and the server that has them. */
  keep: boolean;
  /** What the tests see: nothing of the shell's that names a database or a Stripe account. */
  env: NodeJS.ProcessEnv;
};

/** On two processors: a suite of tests waits a third of its time, a proof computes all the time. */
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
