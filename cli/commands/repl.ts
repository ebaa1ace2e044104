import type { CommandContext } from '../command-context.ts';

export function addRepl({ program, output, finish }: CommandContext): void {
  program
    .command('repl')
    .option('--scratch', 'start a whole system for the session, in a folder of its own that begins empty')
    .addHelpText(
      'after',
      `
Statements are typed, or read from standard input; \`await\` works everywhere. Ctrl-D ends the session and stops all that it started.
The command is refused if TWINBOX_ENV is production, and if the key or the account is live.

Examples:
  $ npx twinbox repl --scratch                                 (the same: make try)
  $ npx twinbox repl                                           beside \`twinbox up\`, or on its stored data
  $ echo 'await engine.reconcile(42)' | npx twinbox repl`,
    )
    .action(async ({ scratch = false }: { scratch?: boolean }) => {
      const { runRepl } = await import('../repl/session.ts');
      finish(await runRepl(scratch, output));
    });
}
