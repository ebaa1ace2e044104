/**
 * Stripe's error answers as data, and the function that ends a call with one.
 *
 * In an answer `type` has one of four values only (docs.stripe.com/api/errors); a 401, 403 or 429
 * has `invalid_request_error`, and the SDK chooses its class by the status. Members without a value
 * are left out, and `doc_url` is present only if there is a `code`.
 */

export type ErrorBody = {
  code?: string;
  doc_url?: string;
  message: string;
  param?: string;
  request_log_url?: string;
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
};

export type Refusal = {
  status: number;
  error: ErrorBody;
  headers: Record<string, string>;
  /**
   * Whether an idempotency key keeps this answer: failures of validation are not kept, all others
   * are.
   */
  stored: boolean;
};

type RefusalDetails = {
  status?: number;
  type?: ErrorBody['type'];
  code?: string;
  param?: string;
  headers?: Record<string, string>;
  stored?: boolean;
};

type RefusalError = Error & { refusal: Refusal };

export function refusal(message: string, details: RefusalDetails = {}): Refusal {
  const error: ErrorBody = {
    ...(details.code === undefined ? {} : { code: details.code, doc_url: docUrl(details.code) }),
    message,
    ...(details.param === undefined ? {} : { param: details.param }),
    type: details.type ?? 'invalid_request_error',
  };
  return {
    status: details.status ?? 400,
    error,
    headers: details.headers ?? {},
    stored: details.stored ?? false,
  };
}

/** Ends the call that is being handled; the pipeline makes the answer. */
export function refuse(message: string, details: RefusalDetails = {}): never {
  throw asError(refusal(message, details));
}

export function asError(refused: Refusal): RefusalError {
  return Object.assign(new Error(refused.error.message), { refusal: refused });
}

export function isRefusal(error: unknown): error is RefusalError {
  return error instanceof Error && 'refusal' in error;
}

/** docs.stripe.com/error-codes has one anchor per code, with dashes. */
function docUrl(code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
}

/**
 * An id in the path that names nothing: 404, kept by the idempotency key since the endpoint had
 * begun to run. For customers `param` is the literal `id`, not the path's placeholder.
 */
export function noSuchObject(kind: string, id: string, param = 'id'): never {
  refuse(`No such ${kind}: '${id}'`, { status: 404, code: 'resource_missing', param, stored: true });
}

/**
 * The same for an id given as a parameter (a cursor, `customer=`): 400 with that parameter's name.
 */
export function noSuchParameter(kind: string, id: string, param: string): never {
  refuse(`No such ${kind}: '${id}'`, { code: 'resource_missing', param, stored: true });
}

export function unknownUrl(method: string, path: string): never {
  refuse(`Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs.`, {
    status: 404,
  });
}

/** docs.stripe.com/rate-limits: the header names the limiter. */
export function rateLimited(reason: string): Refusal {
  return refusal('Request rate limit exceeded. Retry later, more slowly.', {
    status: 429,
    code: 'rate_limit',
    headers: { 'stripe-rate-limited-reason': reason },
  });
}

/**
 * docs.stripe.com/rate-limits#object-lock-timeouts: also a 429, but without the limiter's header.
 */
export function lockTimeout(): Refusal {
  return refusal(
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
    { status: 429, code: 'lock_timeout' },
  );
}

export function serverError(status: number, message: string): Refusal {
  return refusal(message, { status, type: 'api_error', stored: true });
}
