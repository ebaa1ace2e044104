import type { CommandContext } from '../command-context.ts';

export function addUp({ program, output, finish, systems }: CommandContext): void {
  program
    .command('up')
    .option('--json', 'print all addresses as one line of JSON')
    .addHelpText(
      'after',
      `
No setting is required: without settings the command starts a PostgreSQL and a Stripe simulator of its own, in .twinbox/.
On Ctrl-C or SIGTERM it begins no new work, finishes the work in progress, and exits 0 within 10 s; a second Ctrl-C exits at
once (130).

Examples:
  $ npx twinbox up
  $ API_PORT=8001 SIMULATOR_PORT=12112 TWINBOX_DATA_DIR=/tmp/second npx twinbox up
  $ STRIPE_SECRET_KEY=sk_test_… npx twinbox up      (a real Stripe account, in test mode)`,
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const { runUp } = await import('../run-up.ts');
      finish(await runUp(json, output, systems));
    });
}
