// What a person reads when a command cannot do its work: the same as of a process, and what only a command meets.
import { explain as explainProcess, type Explanation } from '../lib/process/failure.ts';
import { CliError, exit } from './exit.ts';

export function explain(error: unknown): Explanation {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (isSimulatorBusy(error)) {
    return {
      message: `The Stripe simulator cannot start: ${lowerFirst(error.message)}`,
      exitCode: exit.unavailable,
    };
  }
  return explainProcess(error);
}

/** The simulator has no codes for its two expected failures, a busy port and a folder in use. */
function isSimulatorBusy(error: unknown): error is Error {
  return (
    error instanceof Error &&
    /^(Port \d+ is in use|The simulator's data folder .* is in use)/.test(error.message)
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
