import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { systems, type Registry } from '../lib/integrations/registry.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';

type Add = (context: CommandContext) => void;

/** Each command is loaded by itself, so that a short one does not load what only `up` needs. */
const commands: Record<string, () => Promise<Add>> = {
  up: async () => (await import('./commands/up.ts')).addUp,
  demo: async () => (await import('./commands/demo.ts')).addDemo,
  import: async () => (await import('./commands/import.ts')).addImport,
  status: async () => (await import('./commands/status.ts')).addStatus,
  explain: async () => (await import('./commands/explain.ts')).addExplain,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  replays: async () => (await import('./commands/replays.ts')).addReplays,
  resolve: async () => (await import('./commands/resolve.ts')).addResolve,
  deletes: async () => (await import('./commands/deletes.ts')).addDeletes,
  events: async () => (await import('./commands/events.ts')).addEvents,
  groups: async () => (await import('./commands/groups.ts')).addGroups,
  timeline: async () => (await import('./commands/timeline.ts')).addTimeline,
  conflicts: async () => (await import('./commands/conflicts.ts')).addConflicts,
  link: async () => (await import('./commands/link.ts')).addLink,
  connect: async () => (await import('./commands/connect.ts')).addConnect,
  credentials: async () => (await import('./commands/credentials.ts')).addCredentials,
  keys: async () => (await import('./commands/keys.ts')).addKeys,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  pause: async () => (await import('./commands/pause.ts')).addPause,
  resume: async () => (await import('./commands/pause.ts')).addResume,
  config: async () => (await import('./commands/config.ts')).addConfig,
  mapping: async () => (await import('./commands/mapping.ts')).addMapping,
  relay: async () => (await import('./commands/relay.ts')).addRelay,
  migrate: async () => (await import('./commands/migrate.ts')).addMigrate,
  topics: async () => (await import('./commands/topics.ts')).addTopics,
  simulator: async () => (await import('./commands/simulator.ts')).addSimulator,
  repl: async () => (await import('./commands/repl.ts')).addRepl,
};

/**
 * Adds the command that the first argument names; adds all commands if it names none, as for --help
 * and for misspellings.
 */
export async function createProgram(
  [first = '']: string[],
  output: Output,
  finish: (exitStatus: number) => void,
  registry: Registry = systems,
): Promise<Command> {
  const program = new Command('twinbox')
    .description('Keeps the customers of PostgreSQL and of Stripe the same, in both directions.')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help lists the commands and options)')
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeOut: output.write, writeErr: output.writeError })
    .version(readVersion(), '-V, --version', 'print the version')
    .addHelpText(
      'after',
      `
Begin with:
  $ npx twinbox demo      show the whole of Twinbox in a minute, in a folder of its own
  $ npx twinbox up        start everything, and keep running

Exit status: 0 success, 1 failed, 2 wrong arguments (verify: the result is not certain), 3 nothing matched,
69 something is not available now, 78 wrong settings, 130 Ctrl-C. More in docs/cli.md; settings in docs/settings.md.`,
    );
  const wanted = Object.hasOwn(commands, first) ? [first] : Object.keys(commands);
  for (const name of wanted) (await commands[name]?.())?.({ program, output, finish, systems: registry });
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]))
    if (command.options.some(({ long }) => long === '--yes')) command.addHelpText('after', UNANSWERED);
  return program;
}

/** Added to the help of every command that has a question. */
const UNANSWERED =
  '\nCtrl-C, or a question that is not answered, ends the command with status 130, and nothing is done.';

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
