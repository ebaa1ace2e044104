/**
 * Errors that only the code in db/ can recognise; errors of PostgreSQL itself are passed on with
 * their SQLSTATE in `code`.
 */
export type DbErrorCode =
  | 'address_invalid'
  | 'catalogue_changed'
  | 'table_unfit'
  | 'ground_unfit'
  | 'index_refused'
  | 'migration_invalid'
  | 'migration_refused'
  | 'name_invalid'
  | 'newer_than_program'
  | 'no_session'
  | 'no_transactions'
  | 'not_migrated'
  | 'refused'
  | 'sequence_unfit'
  | 'still_running'
  | 'read_only'
  | 'server_too_old'
  | 'time_zone_unknown'
  | 'tls_refused'
  | 'unreachable'
  | 'unreadable_row'
  | 'unsafe_integer';

export class DbError extends Error {
  override readonly name = 'DbError';
  readonly code: DbErrorCode;

  constructor(code: DbErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The SQLSTATE of an error from PostgreSQL, such as `23505`; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

// By class: errors that say nothing about the row at hand. Connections, rights and names that are
// wrong for every row alike, cursors, transactions and their conflicts, resources, operators, the
// system; and a sequence that gives no number (0016-sequences.sql). Class 0A is not one of them,
// since infinity as a number is in it.
const OF_NO_ROW = /^(08|0B|0L|0P|24|25|26|28|2D|34|3B|3D|3F|40|42|53|55|57|58|72)...$|^(2200H|TB008|TB010)$/;

/**
 * Whether an error is about one row or event, so that other rows would succeed: PostgreSQL refuses
 * a value or a rule refuses it (data exceptions, constraints, triggers with any code of their own,
 * damaged or oversized rows), or the row cannot be read into a value of this program. Not: a
 * database that is away, conflicts between transactions, missing rights.
 */
export function isOfOneRow(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return !OF_NO_ROW.test(state);
  if (error instanceof DbError) return error.code === 'unsafe_integer' || error.code === 'unreadable_row';
  return error instanceof RangeError || error instanceof SyntaxError;
}
