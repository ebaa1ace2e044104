// What a failed call means. This table decides whether a change is lost or made twice, so write the
// vendor's table first, each row with the page of its documentation that says so.
import type { Failure } from '../../../../lib/integrations/integration.ts';
import { ToyError } from './client.ts';

type Verdict = Pick<Failure, 'kind' | 'scope' | 'nothingHappened'>;

/** May have taken effect: only the same request may follow, or a read. */
const OPEN: Verdict = { kind: 'indeterminate', scope: 'entity', nothingHappened: false };
const OPEN_EVERYWHERE: Verdict = { ...OPEN, scope: 'system' };

/** Calls without an answer, or with one that Toy's own software did not give. */
const WITHOUT_ANSWER: Record<string, Verdict> = {
  connection_refused: { kind: 'retry', scope: 'system', nothingHappened: true },
  connection_lost: OPEN_EVERYWHERE,
};

/** Toy's errors, by their code. */
const BY_CODE: Record<string, Verdict> = {
  unauthorized: { kind: 'auth', scope: 'account', nothingHappened: true },
  // Of a renewal: the refresh token is dead; and what the settings say is not taken.
  invalid_grant: { kind: 'auth', scope: 'account', nothingHappened: true },
  invalid_client: { kind: 'permanent', scope: 'account', nothingHappened: true },
  slow_down: { kind: 'throttle', scope: 'account', nothingHappened: true },
  quota_used_up: { kind: 'quota', scope: 'account', nothingHappened: true },
  version_moved: { kind: 'conflict', scope: 'entity', nothingHappened: true },
  tag_taken: { kind: 'conflict', scope: 'entity', nothingHappened: true },
  invalid: { kind: 'permanent', scope: 'entity', nothingHappened: true },
  // Another person has the mail, and the answer names that person.
  mail_taken: { kind: 'permanent', scope: 'entity', nothingHappened: true },
  no_deletes: { kind: 'permanent', scope: 'entity', nothingHappened: true },
  busy: { kind: 'lock', scope: 'entity', nothingHappened: true },
  // A DELETE that is sent again meets these too, so they do not say that nothing happened.
  not_found: { kind: 'gone', scope: 'entity', nothingHappened: false },
  deleted: { kind: 'gone', scope: 'entity', nothingHappened: false },
  merged: { kind: 'gone', scope: 'entity', nothingHappened: false },
  // The failure is kept under the key, or the key belongs to another request.
  failed_kept: { kind: 'spent', scope: 'entity', nothingHappened: false },
  key_reused: { kind: 'spent', scope: 'entity', nothingHappened: false },
};

export function classify(error: unknown): Failure {
  try {
    return error instanceof ToyError ? describe(error) : UNKNOWN;
  } catch {
    // An error whose members throw when they are read: nothing is known of it.
    return UNKNOWN;
  }
}

function describe(error: ToyError): Failure {
  const { code, status, requestId, replayed, field, retryAfterMs, existing, budgets } = error;
  const said = { code, message: code, status, requestId, replayed, field, retryAfterMs, existing };
  return { ...verdictOf(error), ...said, ...(budgets.length > 0 && { budgets }) };
}

function verdictOf({ code, status, isTheirs }: ToyError): Verdict {
  const known = isTheirs ? BY_CODE[code] : WITHOUT_ANSWER[code];
  if (known) return known;
  // A proxy's 429 slows us down, without the promise that nothing happened.
  if (status === 429) return { kind: 'throttle', scope: 'account', nothingHappened: false };
  return isTheirs && status !== null && status < 500 ? OPEN : OPEN_EVERYWHERE;
}

const UNKNOWN: Failure = {
  ...OPEN,
  code: 'unknown',
  message: 'an error that is not known',
  status: null,
  requestId: null,
  replayed: false,
  field: null,
  retryAfterMs: null,
  existing: [],
};
