// What a log says of the error that has stopped a lane.
import { DbError, sqlState } from '../db/server/errors.ts';
import { describeFault } from '../lib/describe-fault.ts';
import { isAppError } from '../lib/errors.ts';

export type WhyStopped = {
  why: string;
  /** Table, column or constraint, if the database named one. */
  about?: string | null;
  /** The place in the source. */
  at?: string | null;
};

/**
 * Our own errors have sentences of ours. Of any other error, which may be one of a statement, only its code, what it
 * is about and its place are kept: its message has the text of the statement, and may quote a value of a row.
 */
export function whyStopped(error: unknown): WhyStopped {
  if (isAppError(error) || error instanceof DbError) return { why: error.message };
  const { fault, about, at } = describeFault(error);
  const isRefused = sqlState(error) !== undefined;
  const [lost] = (error instanceof Error && LOST.exec(error.message)) || [];
  return { why: isRefused ? `PostgreSQL refused a statement (${fault})` : (lost ?? fault), about, at };
}

/** What the driver says of a connection that broke. */
const LOST = /Connection (?:terminated|ended)[a-z ]*/;
