import { CommanderError, type Command } from 'commander';
import type { Registry } from '../lib/integrations/registry.ts';
import { exit, NeedsDatabase } from './exit.ts';
import { createOutput, type Output } from './output.ts';
import { plainWords } from './phrases.ts';
import { createProgram } from './program.ts';

/** Runs one command; returns the exit status and never throws. */
export async function runCli(
  args: string[],
  output: Output = createOutput(),
  systems?: Registry,
): Promise<number> {
  let status: number = exit.ok;
  let ran = '';
  try {
    const words = plainWords(args);
    const program = await createProgram(words, output, (code) => (status = code), systems);
    program.hook('preAction', (_program, action) => void (ran = nameOf(action)));
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    // Commander has printed what is wrong with the arguments, or the requested help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
    const { explain } = await import('./failure.ts');
    const { message, exitCode } = explain(error);
    output.say(error instanceof NeedsDatabase ? `${ran} ${message}` : message);
    return exitCode;
  }
}

/** Such as `twinbox keys create`. */
function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}
