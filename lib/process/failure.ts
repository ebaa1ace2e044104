// What a person reads when a process cannot do its work, and the exit status that goes with it.
import { describeAway } from '../../db/server/connecting.ts';
import { DbError, sqlState } from '../../db/server/errors.ts';
import { isConnectionRefused, isDatabaseAway } from '../../db/health/readiness.ts';
import { IdentityError } from './database-identity.ts';
import { AppError } from '../errors.ts';
import { describeFault } from '../describe-fault.ts';
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
    // There is no entry in pg_hba.conf: usually because the server accepts no unencrypted
    // connection.
    const hint =
      state === '28000' && /pg_hba/.test(error.message)
        ? ', with sslmode=verify-full if the server requires encryption'
        : '';
    return {
      message: `The database refuses the connection: ${error.message}. Fix DATABASE_URL${hint}.`,
      exitCode: exit.unavailable,
    };
  }
  if (isDatabaseAway(error) && isFromStatement(error)) {
    const { says, fix } = describeAway(error);
    return { message: `${sentence(says)} ${fix}`.trimEnd(), exitCode: exit.unavailable };
  }
  if (error instanceof Error && state !== undefined)
    return { message: sayRefused(error, state), exitCode: exit.unavailable };
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: `This is a fault of Twinbox itself; please report it.\n${trace}`, exitCode: exit.failed };
}

function exitCodeOf({ code }: DbError): number {
  if (code === 'time_zone_unknown') return exit.usage;
  return code === 'address_invalid' ? exit.settings : exit.unavailable;
}

/**
 * Whether the error comes from the driver of the database; a plain Error without a code may come
 * from anywhere.
 */
function isFromStatement(error: unknown): boolean {
  return error instanceof Error && (error.constructor !== Error || 'code' in error);
}

/**
 * The message for a statement that PostgreSQL refused: PostgreSQL's sentence, the table and column
 * that it names, and the place in the program that sent the statement.
 */
function sayRefused(error: Error, state: string): string {
  const { table, column, constraint, hint } = error as Error & Record<string, unknown>;
  const about = [table, column, constraint].filter((name) => typeof name === 'string').join('.');
  const lines = [
    `PostgreSQL refused a statement: ${lastLine(error.message)} (${state}${about === '' ? '' : `, ${about}`}).`,
    ...(typeof hint === 'string' ? [sentence(hint)] : []),
    state === '42501'
      ? 'Give the role of DATABASE_URL the right (docs/deployment.md); npx twinbox doctor names what is missing.'
      : 'npx twinbox doctor checks what Twinbox requires of the database.',
  ];
  const { at } = describeFault(error);
  return [
    ...lines,
    ...(at === null
      ? []
      : [`If this is a fault of Twinbox, please report it with this place in the program: ${at}.`]),
  ].join(' ');
}

/** knex puts the whole statement before PostgreSQL's message; this returns the message. */
function lastLine(message: string): string {
  return message
    .slice(message.lastIndexOf(' - ') + 1)
    .replace(/^- /, '')
    .trim();
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?:]$/.test(full) ? full : `${full}.`;
}
