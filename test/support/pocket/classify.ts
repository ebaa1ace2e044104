// What a failure of the second system means, as the contract's table.
import type { Failure } from '../../../lib/integrations/integration.ts';

export class PocketError extends Error {
  readonly status: number | null;
  readonly code: string;
  readonly field: string | null;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;

  constructor(said: Pick<PocketError, 'status' | 'code' | 'field' | 'requestId' | 'retryAfterMs'>) {
    super(said.code);
    this.status = said.status;
    this.code = said.code;
    this.field = said.field;
    this.requestId = said.requestId;
    this.retryAfterMs = said.retryAfterMs;
  }

  static ofNetwork(error: unknown): PocketError {
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    const code = cause?.code === 'ECONNREFUSED' ? 'connection_refused' : 'connection_lost';
    return new PocketError({ code, status: null, field: null, requestId: null, retryAfterMs: null });
  }

  static ofAnswer({ status, headers }: Response, body: Record<string, unknown>): PocketError {
    const seconds = headers.get('retry-after');
    return new PocketError({
      status,
      code: String(body['code']),
      field: typeof body['field'] === 'string' ? body['field'] : null,
      requestId: headers.get('x-request-id'),
      retryAfterMs: seconds === null ? null : Number(seconds) * 1_000,
    });
  }
}

type Verdict = Pick<Failure, 'kind' | 'scope' | 'nothingHappened'>;

const UNKNOWN: Verdict = { kind: 'indeterminate', scope: 'entity', nothingHappened: false };

const BY_CODE: Record<string, Verdict> = {
  connection_refused: { kind: 'retry', scope: 'system', nothingHappened: true },
  connection_lost: { kind: 'indeterminate', scope: 'system', nothingHappened: false },
  unauthorized: { kind: 'auth', scope: 'account', nothingHappened: true },
  quota_used_up: { kind: 'quota', scope: 'account', nothingHappened: true },
  slow_down: { kind: 'throttle', scope: 'account', nothingHappened: true },
  stale_version: { kind: 'conflict', scope: 'entity', nothingHappened: true },
  tag_taken: { kind: 'conflict', scope: 'entity', nothingHappened: true },
  invalid: { kind: 'permanent', scope: 'entity', nothingHappened: true },
  no_deletes: { kind: 'permanent', scope: 'entity', nothingHappened: true },
  not_found: { kind: 'gone', scope: 'entity', nothingHappened: false },
  archived: { kind: 'gone', scope: 'entity', nothingHappened: false },
  deleted: { kind: 'gone', scope: 'entity', nothingHappened: false },
  broken: { kind: 'indeterminate', scope: 'system', nothingHappened: false },
};

export function classify(error: unknown): Failure {
  try {
    return error instanceof PocketError ? ofAnswer(error) : unknownFailure();
  } catch {
    // An error whose members throw when read: nothing is known of it.
    return unknownFailure();
  }
}

function ofAnswer({ status, code, field, requestId, retryAfterMs }: PocketError): Failure {
  const said = { status, code, field, requestId, retryAfterMs };
  return { ...(BY_CODE[code] ?? UNKNOWN), ...said, message: code, replayed: false, existing: [] };
}

function unknownFailure(): Failure {
  const said = { status: null, code: 'unknown', field: null, requestId: null, retryAfterMs: null };
  return { ...UNKNOWN, ...said, message: 'an error that is not known', replayed: false, existing: [] };
}
