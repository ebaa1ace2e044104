import { Command } from 'commander';
import { programVersion } from '../lib/health/version.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { commands } from './command-list.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { addPhrases } from './phrases.ts';

/**
 * Adds the command that the arguments name, and of every other one only its name and what it is for:
 * that is enough for the help and for a misspelt name, and loads no file of a command.
 */
export async function createProgram(
  args: readonly string[],
  output: Output,
  finish: (exitStatus: number) => void,
  registry?: Registry,
): Promise<Command> {
  const program = emptyProgram(output);
  const wanted = wantedOf(args);
  for (const [name, { about, group, add }] of Object.entries(commands)) {
    if (name === wanted) await add(await contextOf(program, output, finish, registry));
    else program.command(name);
    program.commands.at(-1)?.description(about).helpGroup(group);
  }
  addPhrases(program);
  addAnswers(program);
  addUsage(program, []);
  return program;
}

/** Every command with its options and its help: for the completion, and for tests. */
export async function createWholeProgram(output: Output, registry?: Registry): Promise<Command> {
  const program = emptyProgram(output);
  const context = await contextOf(program, output, () => undefined, registry);
  for (const { about, group, add } of Object.values(commands)) {
    await add(context);
    program.commands.at(-1)?.description(about).helpGroup(group);
  }
  addPhrases(program);
  addAnswers(program);
  return program;
}

/** `twinbox help status` asks about the same command as `twinbox status --help`. */
function wantedOf([first = '', second = '']: readonly string[]): string {
  return first === 'help' ? second : first;
}

async function contextOf(
  program: Command,
  output: Output,
  finish: (exitStatus: number) => void,
  registry: Registry | undefined,
): Promise<CommandContext> {
  const systems = registry ?? (await import('../lib/integrations/registry.ts')).systems;
  return { program, output, finish, systems, whole: () => createWholeProgram(output, systems) };
}

function emptyProgram(output: Output): Command {
  return new Command('twinbox')
    .description('Keeps the customers of PostgreSQL and of Stripe the same, in both directions.')
    .usage('<command> [options]')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help lists the commands and options)')
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeOut: output.write, writeErr: output.writeError })
    .version(programVersion(), '-V, --version', 'print the version')
    .addHelpText(
      'after',
      `
Examples:
  $ npx twinbox demo            show the whole of Twinbox in a minute, in a folder of its own
  $ npx twinbox up              start everything, and keep running
  $ npx twinbox help status     explain one command

Exit status: 0 success, 1 failed, 2 wrong arguments (verify: the result is not certain), 3 nothing matched,
69 something is not available now, 78 wrong settings, 130 Ctrl-C. More in docs/cli.md; settings in docs/settings.md.`,
    );
}

/** A wrong argument is answered with what the command takes. The program itself has too many to list. */
function addUsage(command: Command, path: readonly string[]): void {
  for (const each of command.commands) addUsage(each, [...path, each.name()]);
  if (path.length === 0 || command.commands.length > 0) return;
  const words = ['twinbox', ...path].join(' ');
  command.showHelpAfterError(`(Usage: ${words} ${command.usage()}; npx ${words} --help explains it)`);
}

/** The help of every command that has a question says what Ctrl-C does. */
function addAnswers(program: Command): void {
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]))
    if (command.options.some(({ long }) => long === '--yes')) command.addHelpText('after', UNANSWERED);
}

const UNANSWERED =
  '\nCtrl-C, or a question that is not answered, ends the command with status 130, and nothing is done.';
