// What a person reads when a command cannot do its work, and the exit status that goes with it.
import { ListenError } from '../api/server.ts';
import { DbError, sqlState } from '../db/errors.ts';
import { isDatabaseAway } from '../db/readiness.ts';
import { IdentityError } from '../lib/database-identity.ts';
import { AppError } from '../lib/errors.ts';
import { CliError, exit } from './exit.ts';

export function explain(error: unknown): { message: string; exitCode: number } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ListenError) return { message: error.message, exitCode: exit.unavailable };
  if (error instanceof DbError) return { message: sentence(error.message), exitCode: exit.unavailable };
  if (error instanceof IdentityError) return { message: sentence(error.message), exitCode: exit.unavailable };
  if (error instanceof AppError) {
    const exitCode = error.code === 'config_invalid' ? exit.settings : exit.unavailable;
    if (error.code !== 'internal') return { message: sentence(error.message), exitCode };
  }
  if (isSimulatorBusy(error)) {
    return {
      message: `The Stripe simulator cannot start: ${lowerFirst(error.message)}`,
      exitCode: exit.unavailable,
    };
  }
  const state = sqlState(error);
  if (error instanceof Error && state !== undefined && /^(28|3D)/.test(state)) {
    return {
      message: `The database refuses us: ${error.message}. Mend DATABASE_URL.`,
      exitCode: exit.unavailable,
    };
  }
  if (error instanceof Error && (state !== undefined || 'code' in error) && isDatabaseAway(error)) {
    const code = 'code' in error ? ` (${String(error.code)})` : '';
    return {
      message: `The database does not answer${code}. Start it, or mend DATABASE_URL.`,
      exitCode: exit.unavailable,
    };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: `This is a fault of Twinbox itself; please report it.\n${trace}`, exitCode: exit.failed };
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

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?:]$/.test(full) ? full : `${full}.`;
}
