import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CommandContext } from '../command-context.ts';

export function addSimulator({ program, finish }: CommandContext): void {
  program
    .command('simulator')
    .addHelpText(
      'after',
      `
The simulator has settings of its own: SIMULATOR_PORT (12111), SIMULATOR_DATA_DIR (.twinbox/simulator, or "memory"),
SIMULATOR_ACCOUNT, SIMULATOR_GLOBAL_PER_SECOND, SIMULATOR_ENDPOINT_PER_SECOND. See docs/simulator.md.

Examples:
  $ SIMULATOR_DATA_DIR=memory npx twinbox simulator
  $ STRIPE_API_BASE=http://127.0.0.1:12111 STRIPE_SECRET_KEY=sk_test_anything npx twinbox up`,
    )
    .action(async () => finish(await runSimulator()));
}

/** Runs it in a child process, as `npm run simulator` does, so that it handles signals itself. */
async function runSimulator(): Promise<number> {
  const main = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], { stdio: 'inherit' });
  const passOn = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to the child too, so it is not passed on.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, passOn);
  const [code] = (await once(child, 'exit')) as [number | null];
  for (const signal of signals) process.removeListener(signal, passOn);
  return code ?? 1;
}
