// What a failure means for the open intent; docs/sync.md, "One open intent per mapping", as a
// table. The first row that fits decides. If two readings are possible, the one that sends no
// request under a new key is used. Sources: docs.stripe.com/api/idempotent_requests,
// /error-low-level, /error-codes, /rate-limits.
import type { Failure, FailureKind } from '../integration.ts';
import type { OwnCode } from './failure-codes.ts';
import { readEvidence, type Evidence } from './evidence.ts';
import { withoutValues } from './redact.ts';

interface Verdict {
  kind: FailureKind;
  scope: Failure['scope'];
  /** Used if the answer has no code of its own: one of ours, or a name that the answer gives. */
  code: (e: Evidence) => string;
  nothingHappened?: (e: Evidence) => boolean;
}

interface Row extends Verdict {
  fits: (e: Evidence) => boolean;
}

const is =
  (code: OwnCode): ((e: Evidence) => OwnCode) =>
  () =>
    code;
/** What the answer names; without a name, a code of ours. */
const namedOr =
  (name: (e: Evidence) => string | null, code: OwnCode): ((e: Evidence) => string) =>
  (e) =>
    name(e) ?? code;
const always = (): boolean => true;
const between = (e: Evidence, from: number, to: number): boolean =>
  e.status !== null && e.status >= from && e.status <= to;

/** Codes of a key or account that cannot be used at all; they come with 400 as well as 401. */
const AUTH_CODES = new Set([
  'account_invalid',
  'api_key_expired',
  'platform_api_key_expired',
  'secret_key_required',
  'tls_version_unsupported',
]);

const TABLE: Row[] = [
  {
    fits: (e) => e.own === 'unsendable',
    kind: 'permanent',
    scope: 'entity',
    code: is('unsendable'),
    nothingHappened: always,
  },
  {
    fits: (e) => e.own === 'unexpected_answer',
    kind: 'indeterminate',
    scope: 'entity',
    code: is('unexpected_answer'),
  },
  {
    fits: (e) => e.sendFailure?.sent === false,
    kind: 'retry',
    scope: 'system',
    code: namedOr((e) => UNREACHED[e.sendFailure?.code ?? ''] ?? null, 'connection_failed'),
    nothingHappened: always,
  },
  {
    fits: (e) => e.sendFailure !== null,
    kind: 'indeterminate',
    scope: 'system',
    code: (e): OwnCode => (e.sendFailure?.code === 'ETIMEDOUT' ? 'timeout' : 'connection_lost'),
  },
  // A failure that Stripe stored under the key is answered again for the key's whole life. Refusals
  // of the request itself keep their meaning below.
  {
    fits: (e) =>
      e.replay === 'yes' &&
      !e.foreignAnswer &&
      (between(e, 500, 599) || [401, 403, 409, 429].includes(e.status ?? 0)),
    kind: 'spent',
    scope: 'entity',
    code: is('stored_failure'),
  },
  {
    fits: (e) => e.shouldRetry === false && !e.foreignAnswer && (between(e, 500, 599) || e.status === 409),
    kind: 'spent',
    scope: 'entity',
    code: is('stored_failure'),
  },
  // Other requests use the same object; this is not our rate, so the answer has no reason header.
  // It can occur while the request runs, so it does not show that nothing happened.
  {
    fits: (e) => e.status === 429 && e.code === 'lock_timeout' && e.limitReason === null,
    kind: 'lock',
    scope: 'entity',
    code: is('lock_timeout'),
  },
  {
    fits: (e) => isThrottle(e) && e.limitReason === 'resource-specific',
    kind: 'throttle',
    scope: 'entity',
    code: is('resource-specific'),
    nothingHappened: isFirstAnswer,
  },
  // Stripe checks the limits before it stores the idempotency key: nothing was stored.
  {
    fits: (e) => isThrottle(e) && e.limitReason?.startsWith('endpoint-') === true,
    kind: 'throttle',
    scope: 'endpoint',
    code: namedOr((e) => e.limitReason, 'rate_limit'),
    nothingHappened: isFirstAnswer,
  },
  {
    fits: isThrottle,
    kind: 'throttle',
    scope: 'account',
    code: namedOr((e) => e.limitReason, 'rate_limit'),
    nothingHappened: isFirstAnswer,
  },
  // Our own request is still running under this key, so its type (idempotency_error in some
  // answers) does not matter.
  { fits: (e) => e.status === 409, kind: 'lock', scope: 'entity', code: is('conflict') },
  {
    fits: (e) => e.status === 400 && e.type === 'idempotency_error',
    kind: 'spent',
    scope: 'entity',
    code: is('idempotency_error'),
  },
  // An answer of a proxy or a wrong host says nothing about what Stripe did.
  { fits: (e) => e.foreignAnswer, kind: 'indeterminate', scope: 'system', code: is('foreign_answer') },
  {
    fits: (e) => e.status === 401 || (between(e, 400, 499) && e.code !== null && AUTH_CODES.has(e.code)),
    kind: 'auth',
    scope: 'account',
    code: is('unauthorized'),
    nothingHappened: (e) => e.status === 401 && e.replay === 'no',
  },
  { fits: (e) => e.status === 403, kind: 'auth', scope: 'account', code: is('forbidden') },
  {
    fits: (e) => e.status === 404 && (e.code === 'resource_missing' || e.param !== null),
    kind: 'gone',
    scope: 'entity',
    code: is('resource_missing'),
  },
  // "Unrecognized request URL" names no record: STRIPE_API_BASE is wrong, and no customer is the
  // cause.
  { fits: (e) => e.status === 404, kind: 'retry', scope: 'system', code: is('unknown_url') },
  { fits: (e) => between(e, 500, 599), kind: 'indeterminate', scope: 'system', code: is('api_error') },
  {
    fits: (e) => e.status === 408 || e.status === 425,
    kind: 'indeterminate',
    scope: 'system',
    code: is('too_early'),
  },
  // "Bad Request" and "Request Failed" (docs.stripe.com/api/errors), and a body that is too large.
  {
    fits: (e) => [400, 402, 413].includes(e.status ?? 0),
    kind: 'permanent',
    scope: 'entity',
    code: namedOr((e) => e.type, 'refused'),
    nothingHappened: (e) => e.replay === 'no',
  },
  // 424 is a failure outside Stripe, which may end. No other status is documented, so none of them
  // counts as a permanent refusal.
  {
    fits: (e) => between(e, 400, 499),
    kind: 'indeterminate',
    scope: 'entity',
    code: is('undocumented_status'),
  },
  { fits: (e) => e.status !== null, kind: 'indeterminate', scope: 'system', code: is('foreign_answer') },
];

const UNREACHED: Record<string, OwnCode> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  ETIMEDOUT: 'connect_timeout',
};

/** Most likely a fault of Twinbox: the intent stays open, and its pair alone waits. */
const UNKNOWN: Verdict = { kind: 'indeterminate', scope: 'entity', code: is('unknown') };

function isThrottle(e: Evidence): boolean {
  return e.status === 429 || (e.status === 400 && e.code === 'rate_limit');
}

function isFirstAnswer(e: Evidence): boolean {
  return !e.foreignAnswer && e.replay === 'no';
}

/** Never throws, whatever the argument is. */
export function classify(error: unknown): Failure {
  try {
    const evidence = readEvidence(error);
    return toFailure(evidence, TABLE.find((row) => row.fits(evidence)) ?? UNKNOWN);
  } catch {
    // An error whose members throw when they are read: nothing else can be learnt from it.
    return { ...EMPTY };
  }
}

const EMPTY: Failure = {
  kind: 'indeterminate',
  scope: 'entity',
  code: 'unknown',
  message: 'an error that cannot be read',
  status: null,
  requestId: null,
  replayed: false,
  field: null,
  retryAfterMs: null,
  nothingHappened: false,
  existing: [],
};

function toFailure(e: Evidence, { kind, scope, code, nothingHappened }: Verdict): Failure {
  return {
    kind,
    scope,
    code: e.sendFailure === null && e.own === null && !e.foreignAnswer ? (e.code ?? code(e)) : code(e),
    message: messageFor(e),
    status: e.status,
    requestId: e.requestId,
    replayed: e.replay === 'yes',
    field: e.param,
    retryAfterMs: e.retryAfterMs,
    nothingHappened: nothingHappened?.(e) ?? false,
    // Two customers of Stripe may have the same of everything.
    existing: [],
  };
}

function messageFor(e: Evidence): string {
  if (e.sendFailure !== null) {
    const { code, sent } = e.sendFailure;
    return sent ? `no answer (${code}); it may have taken effect` : `not reached (${code}); nothing was sent`;
  }
  if (e.foreignAnswer) return `not an answer of Stripe${e.status === null ? '' : ` (HTTP ${e.status})`}`;
  return withoutValues(e.message, e.param);
}
