/**
 * Runs a command in this process, for one that ends before any setting is read: a tenth of the time
 * of a process of its own.
 */
import { createOutput } from '../../cli/output.ts';
import { runCli } from '../../cli/run.ts';

export async function runHere(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
    on: () => undefined,
  });
  const code = await runCli(args, createOutput(stream('stdout'), stream('stderr')));
  return { code, ...written };
}
