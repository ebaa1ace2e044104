// What can be learnt from an error of a call, whatever was thrown: an error of the SDK, an error of
// our HTTP client inside it, or one of ours. Members are read without regard to the class, because
// an error can have any class, and a second copy of the SDK has other classes.
import type { IncomingHttpHeaders } from 'node:http';
import { readDate, readFlag, readReplay, readRequestId, readRetryAfter, type Replay } from './headers.ts';
import { SECRET } from './redact.ts';

/**
 * Our HTTP client stores its findings under these symbols, inside the errors that the SDK wraps.
 * JSON has no symbols, so no answer can imitate a failure of our own.
 */
export const SEND_FAILURE = Symbol('twinbox.sendFailure');
export const FOREIGN_ANSWER = Symbol('twinbox.foreignAnswer');

/**
 * Why no answer came. `sent: false` means that no connection was established, so Stripe cannot have
 * seen the request.
 */
export interface SendFailure {
  code: string;
  sent: boolean;
}

/** An answer that Stripe's own software cannot have given (see answer.ts). */
export interface ForeignAnswer {
  status: number;
  headers: IncomingHttpHeaders;
}

export interface Evidence {
  status: number | null;
  /** The error's `type` as sent; there are only four (docs.stripe.com/api/errors). */
  type: string | null;
  code: string | null;
  param: string | null;
  message: string;
  requestId: string | null;
  answeredAt: Date | null;
  replay: Replay;
  /** Stripe-Should-Retry, which overrides every other rule (docs.stripe.com/error-low-level). */
  shouldRetry: boolean | null;
  /** Stripe-Rate-Limited-Reason (docs.stripe.com/rate-limits). */
  limitReason: string | null;
  retryAfterMs: number | null;
  sendFailure: SendFailure | null;
  foreignAnswer: boolean;
  /**
   * An error of Twinbox: refused before anything was sent, or an answer without what it must
   * contain.
   */
  own: 'unsendable' | 'unexpected_answer' | null;
}

/** Thrown by us if no request can be made from the given values. */
export function unsendable(message: string): Error {
  return Object.assign(new Error(message), { twinbox: 'unsendable' });
}

/** Thrown by us if a 2xx answer does not contain what it must. */
export function unexpectedAnswer(message: string): Error {
  return Object.assign(new Error(message), { twinbox: 'unexpected_answer' });
}

export function readEvidence(error: unknown, now: Date = new Date()): Evidence {
  const outer = object(error);
  const inner = object(object(outer['raw'])['exception']);
  const foreign = (inner[FOREIGN_ANSWER] ?? null) as ForeignAnswer | null;
  const headers = object(foreign?.headers ?? outer['headers']);
  const failure = object(outer['detail'])[SEND_FAILURE];
  const own = outer['twinbox'];
  return {
    status: foreign?.status ?? number(outer['statusCode']),
    type: name(outer['rawType'], SHORT_NAME),
    code: name(outer['code'], SHORT_NAME),
    param: name(outer['param'], PARAM),
    message: string(outer['message']) ?? '',
    requestId: readRequestId(outer['requestId']) ?? readRequestId(headers['request-id']),
    answeredAt: readDate(headers['date']),
    replay: readReplay(headers['idempotent-replayed']),
    shouldRetry: readFlag(headers['stripe-should-retry']),
    limitReason: name(headers['stripe-rate-limited-reason'], SHORT_NAME),
    retryAfterMs: readRetryAfter(headers['retry-after'], now),
    sendFailure: failure === undefined ? null : (failure as SendFailure),
    foreignAnswer:
      foreign !== null || (outer['type'] === 'StripeAPIError' && number(outer['statusCode']) === null),
    own:
      own === 'unsendable' || own === 'unexpected_answer'
        ? own
        : error instanceof URIError // a lone surrogate, which cannot be encoded
          ? 'unsendable'
          : null,
  };
}

/** Codes, types and reasons are short names (docs.stripe.com/error-codes). */
const SHORT_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
/** A parameter's name, also of one in a hash or an array: `metadata[order]`, `items[0][price]`. */
const PARAM = /^[a-z][a-z0-9_]{0,63}(\[[A-Za-z0-9_-]{0,64}\]){0,4}$/;

/** Names are kept in rows and logs, so a text that may be a value or a key is left out. */
function name(value: unknown, form: RegExp): string | null {
  return typeof value === 'string' && form.test(value) && !SECRET.test(value) ? value : null;
}

function object(value: unknown): Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>) : {};
}

function string(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
