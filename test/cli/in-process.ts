/**
 * Runs a command in this process, for one that ends before any setting is read: a tenth of the time
 * of a process of its own.
 */
import { createOutput } from '../../cli/output.ts';
import { runCli } from '../../cli/run.ts';

export const runHere = (...args: string[]) => run(args, false);

/** The same, with a standard output that is a terminal. */
export const runOnTerminal = (...args: string[]) => run(args, true);

async function run(
  args: string[],
  isTTY: boolean,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
    on: () => undefined,
    isTTY: isTTY && name === 'stdout',
  });
  const code = await runCli(args, createOutput(stream('stdout'), stream('stderr')));
  return { code, ...written };
}
