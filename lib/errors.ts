/** Every code an error of ours can carry. Code branches on these, never on a message. */
export type ErrorCode =
  | 'aborted'
  | 'config_invalid'
  | 'embedded_postgres_failed'
  | 'embedded_postgres_held'
  | 'embedded_postgres_unsupported'
  | 'embedded_postgres_wrong_version'
  | 'failpoint'
  | 'folder_unusable'
  | 'internal'
  | 'kafka_refused'
  | 'kafka_unavailable'
  | 'process_ended'
  | 'system_unreachable'
  | 'timeout'
  | 'unknown_system'
  | 'wrong_account';

export type AppErrorOptions = {
  cause?: unknown;
  /** What happened and how to fix it, as sentences for a person. */
  detail?: string;
  /** Whether the same call may succeed later although nothing is changed by a person. */
  retryable?: boolean;
};

/** An error with a stable code and a verdict. The message is the detail, or the code if there is none. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, { cause, detail, retryable = false }: AppErrorOptions = {}) {
    super(detail ?? code, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
