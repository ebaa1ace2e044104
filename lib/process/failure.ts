// What a person reads when a process cannot do its work, and the exit status that goes with it.
import { describeAway } from '../../db/connecting.ts';
import { DbError, sqlState } from '../../db/errors.ts';
import { isConnectionRefused, isDatabaseAway } from '../../db/readiness.ts';
import { IdentityError } from '../database-identity.ts';
import { AppError } from '../errors.ts';
import { exit } from './exit.ts';
import { ListenError } from './listening.ts';

export type Explanation = { message: string; exitCode: number };

export function explain(error: unknown): Explanation {
  if (error instanceof ListenError) return { message: error.message, exitCode: exit.unavailable };
  if (error instanceof DbError) {
    return { message: sentence(error.message), exitCode: exitCodeOf(error) };
  }
  if (error instanceof IdentityError) return { message: sentence(error.message), exitCode: exit.unavailable };
  if (error instanceof AppError) {
    const exitCode = error.code === 'config_invalid' ? exit.settings : exit.unavailable;
    if (error.code !== 'internal') return { message: sentence(error.message), exitCode };
  }
  const state = sqlState(error);
  if (error instanceof Error && isConnectionRefused(error)) {
    // No entry in pg_hba.conf: for a server that takes nobody in clear text, the usual reason.
    const hint = state === '28000' ? ', with sslmode=verify-full where the server wants encryption' : '';
    return {
      message: `The database refuses us: ${error.message}. Mend DATABASE_URL${hint}.`,
      exitCode: exit.unavailable,
    };
  }
  if (isDatabaseAway(error) && isToldApart(error)) {
    const { says, mend } = describeAway(error);
    return { message: `${sentence(says)} ${mend}`.trimEnd(), exitCode: exit.unavailable };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: `This is a fault of Twinbox itself; please report it.\n${trace}`, exitCode: exit.failed };
}

function exitCodeOf({ code }: DbError): number {
  if (code === 'time_zone_unknown') return exit.usage;
  return code === 'address_invalid' ? exit.settings : exit.unavailable;
}

/** A plain Error may be anything here: that it came from a statement is known only where one was asked. */
function isToldApart(error: unknown): boolean {
  return error instanceof Error && (error.constructor !== Error || 'code' in error);
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?:]$/.test(full) ? full : `${full}.`;
}
