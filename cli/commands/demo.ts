import type { CommandContext } from '../command-context.ts';

export function addDemo({ program, output, finish }: CommandContext): void {
  program
    .command('demo')
    .option(
      '--use-settings',
      'use your DATABASE_URL and STRIPE_SECRET_KEY; the demo shows both, and refuses a live key',
    )
    .addHelpText(
      'after',
      `
The demo uses .twinbox/demo, which it empties, and free ports. It ignores the shell's connection settings and .env, and does
not touch a running \`twinbox up\`. Exit status: 0 only if every step succeeded.

Examples:
  $ npx twinbox demo`,
    )
    .action(async ({ useSettings = false }: { useSettings?: boolean }) => {
      const { runDemo } = await import('../demo/demo.ts');
      finish(await runDemo({ useSettings }, output));
    });
}
