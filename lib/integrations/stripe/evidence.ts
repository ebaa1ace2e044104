// What an error of a call says, read off whatever was thrown: the SDK's errors, the ones our HTTP client puts inside them,
// our own. Read by shape, because an error is a stranger and a second copy of the SDK has other classes.
import type { ForeignAnswer, SendFailure } from './http.ts';

export interface Evidence {
  status: number | null;
  /** The error's `type` on the wire; there are only four (docs.stripe.com/api/errors). */
  type: string | null;
  code: string | null;
  param: string | null;
  message: string;
  requestId: string | null;
  answeredAt: Date | null;
  replayed: boolean;
  /** Stripe-Should-Retry, which overrides all guesses (docs.stripe.com/error-low-level). */
  shouldRetry: boolean | null;
  /** Stripe-Rate-Limited-Reason (docs.stripe.com/rate-limits). */
  limitReason: string | null;
  retryAfterMs: number | null;
  sendFailure: SendFailure | null;
  foreignAnswer: boolean;
  /** One of our own: refused before anything was sent, or an answer without what it has to hold. */
  own: 'unsendable' | 'unexpected_answer' | null;
}

/** Thrown by us where a request cannot be made from what we were given. */
export function unsendable(message: string): Error {
  return Object.assign(new Error(message), { twinbox: 'unsendable' });
}

/** Thrown by us where a 2xx does not hold what it has to. */
export function unexpectedAnswer(message: string): Error {
  return Object.assign(new Error(message), { twinbox: 'unexpected_answer' });
}

export function readEvidence(error: unknown, now: Date = new Date()): Evidence {
  const outer = object(error);
  const inner = object(object(outer['raw'])['exception']);
  const foreign = 'foreignAnswer' in inner ? (inner['foreignAnswer'] as ForeignAnswer) : null;
  const headers = object(foreign?.headers ?? outer['headers']);
  const header = (name: string): string | null => string(headers[name]);
  const failure = object(outer['detail'])['sendFailure'];
  const own = outer['twinbox'];
  return {
    status: foreign?.status ?? number(outer['statusCode']),
    type: string(outer['rawType']),
    code: string(outer['code']),
    param: string(outer['param']),
    message: string(outer['message']) ?? '',
    requestId: string(outer['requestId']) ?? header('request-id'),
    answeredAt: readDate(headers['date']),
    replayed: header('idempotent-replayed') === 'true',
    shouldRetry: { true: true, false: false }[header('stripe-should-retry') ?? ''] ?? null,
    limitReason: header('stripe-rate-limited-reason'),
    retryAfterMs: retryAfter(header('retry-after'), now),
    sendFailure: failure === undefined ? null : (failure as SendFailure),
    foreignAnswer:
      foreign !== null || (outer['type'] === 'StripeAPIError' && number(outer['statusCode']) === null),
    own:
      own === 'unsendable' || own === 'unexpected_answer'
        ? own
        : error instanceof URIError // a lone surrogate, which no form can carry
          ? 'unsendable'
          : null,
  };
}

/** The time of an answer by Stripe's clock, from its Date header. */
export function readDate(header: unknown): Date | null {
  const ms = typeof header === 'string' ? Date.parse(header) : NaN;
  return Number.isNaN(ms) ? null : new Date(ms);
}

/** Seconds or a date (RFC 9110 §10.2.3). Stripe documents none; a proxy before it may send one. */
function retryAfter(value: string | null, now: Date): number | null {
  if (value === null) return null;
  const ms = /^\d{1,6}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function string(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
