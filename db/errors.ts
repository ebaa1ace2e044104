/** What only this room can tell; the database's own errors pass through with their SQLSTATE in `code`. */
export type DbErrorCode =
  | 'address_invalid'
  | 'customers_unfit'
  | 'ground_unfit'
  | 'migration_invalid'
  | 'migration_refused'
  | 'newer_than_program'
  | 'not_migrated'
  | 'read_only'
  | 'server_too_old'
  | 'tls_refused'
  | 'unreachable'
  | 'unsafe_integer';

export class DbError extends Error {
  override readonly name = 'DbError';
  readonly code: DbErrorCode;

  constructor(code: DbErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The SQLSTATE of an error from Postgres, such as `23505`; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
