import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addDemo } from './commands/demo.ts';
import { addImport } from './commands/import.ts';
import { addMigrate } from './commands/migrate.ts';
import { addPause, addResume } from './commands/pause.ts';
import { addReplay } from './commands/replay.ts';
import { addSimulator } from './commands/simulator.ts';
import { addStatus } from './commands/status.ts';
import { addUp } from './commands/up.ts';
import { addVerify } from './commands/verify.ts';
import type { Output } from './output.ts';

/** What each command is given to add itself: where it prints, and where it leaves its exit status. */
export type CommandContext = { program: Command; output: Output; finish: (exitStatus: number) => void };

export function createProgram(output: Output, finish: (exitStatus: number) => void): Command {
  const program = new Command('twinbox')
    .description('Keeps the customers of PostgreSQL and of Stripe the same, in both directions.')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help explains what there is)')
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeOut: output.write, writeErr: output.writeError })
    .version(readVersion(), '-V, --version', 'print the version')
    .addHelpText(
      'after',
      `
Begin with:
  $ npx twinbox demo      the whole of it in a minute, in a folder of its own
  $ npx twinbox up        start everything and leave it running

Exit status: 0 well, 1 failed, 2 wrong words (verify: could not tell), 3 nothing matched,
69 something is not to be had now, 78 wrong settings. More in docs/cli.md; settings in docs/settings.md.`,
    );
  const context = { program, output, finish };
  for (const add of [
    ...[addUp, addDemo, addImport, addStatus, addVerify, addReplay],
    ...[addPause, addResume, addMigrate, addSimulator],
  ]) {
    add(context);
  }
  return program;
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
