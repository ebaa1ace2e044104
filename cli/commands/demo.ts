import { runDemo } from '../demo/demo.ts';
import type { CommandContext } from '../command-context.ts';

export function addDemo({ program, output, finish }: CommandContext): void {
  program
    .command('demo')
    .description('the main job once through on real data, with a crash in the middle; in a folder of its own')
    .option('--use-settings', 'use your DATABASE_URL and STRIPE_SECRET_KEY; shows them, refuses a live key')
    .addHelpText(
      'after',
      `
Uses .twinbox/demo, which it empties, and free ports; the shell's connection settings and .env are ignored, and a running
\`twinbox up\` is left alone. Exit status: 0 only if everything that it shows was true.

Examples:
  $ npx twinbox demo`,
    )
    .action(async ({ useSettings = false }: { useSettings?: boolean }) =>
      finish(await runDemo({ useSettings }, output)),
    );
}
