// The messages for a command that cannot do its work: those of a process, and those for errors that
// only commands have.
import { explain as explainProcess, type Explanation } from '../lib/process/failure.ts';
import { FolderUnusableError } from '../simulator/store/folder.ts';
import { FolderInUseError } from '../simulator/store/lock.ts';
import { NotListeningError } from '../simulator/http/listener.ts';
import { whyUnusable } from './embedded/folder.ts';
import { CliError, exit } from './exit.ts';

export function explain(error: unknown): Explanation {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  const ofSimulator = [FolderInUseError, FolderUnusableError, NotListeningError];
  if (error instanceof Error && ofSimulator.some((kind) => error instanceof kind)) {
    return {
      message: `The Stripe simulator cannot start: ${lowerFirst(error.message)}`,
      exitCode: exit.unavailable,
    };
  }
  const why = isOfFiles(error) ? whyUnusable(error) : null;
  if (isOfFiles(error) && why !== null)
    return { message: `${error.path} cannot be used: ${why}.`, exitCode: exit.unavailable };
  return explainProcess(error);
}

/** Whether a call failed on a file, and not on a socket. */
function isOfFiles(error: unknown): error is Error & { path: string } {
  return (
    error instanceof Error &&
    'path' in error &&
    typeof error.path === 'string' &&
    'syscall' in error &&
    !['connect', 'listen', 'bind', 'spawn'].includes(String(error.syscall).split(' ')[0] ?? '')
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
