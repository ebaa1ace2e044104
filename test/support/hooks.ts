import { disableFailpoints } from '../../lib/failpoint.ts';
import { hasKeptDatabases } from './kept.ts';
import { stopOwnServer } from './server.ts';

/** Loaded by mocha before any test file (`.mocharc.json`). */

export async function mochaGlobalTeardown(): Promise<void> {
  await stopOwnServer({ keep: hasKeptDatabases() });
}

export const mochaHooks = {
  afterEach(): void {
    disableFailpoints();
  },
};
