/** The result of a call, before it is committed and sent. */
import { refusal, serverError, type Refusal } from './errors.ts';
import type { FaultRule } from '../control/faults.ts';
import type { StoredKey, Op } from '../store/store.ts';

export type Outcome = {
  status: number;
  body: string;
  headers: Record<string, string>;
  ops: Op[];
  customer: string | null;
  errorCode: string | null;
  /** Whether the call's idempotency key, if it has one, keeps this answer. */
  kept: boolean;
  /** The request whose answer is replayed, if it is a replay. */
  originalRequest: string | null;
};

const BLANK: Omit<Outcome, 'status' | 'body'> = {
  headers: {},
  ops: [],
  customer: null,
  errorCode: null,
  kept: false,
  originalRequest: null,
};

export function answered(status: number, body: object, ops: Op[], customer: string | null): Outcome {
  return { ...BLANK, status, body: JSON.stringify(body), ops, customer, kept: true };
}

/** The stored answer unchanged, even if the object has changed or was deleted since. */
export function replayed(stored: StoredKey): Outcome {
  return {
    ...BLANK,
    status: stored.status,
    body: stored.body,
    headers: {
      'idempotent-replayed': 'true',
      'original-request': stored.requestId,
      ...(stored.shouldRetry === null ? {} : { 'stripe-should-retry': stored.shouldRetry }),
    },
    customer: /"id":"(cus_[A-Za-z0-9]+)"/.exec(stored.body)?.[1] ?? null,
    originalRequest: stored.requestId,
  };
}

export function refused(refusal: Refusal, requestId: string): Outcome {
  const { type, ...members } = refusal.error;
  const log = `https://dashboard.stripe.com/test/logs/${requestId}`;
  return {
    ...BLANK,
    status: refusal.status,
    body: JSON.stringify({ error: { ...members, request_log_url: log, type } }),
    headers: refusal.headers,
    errorCode: refusal.error.code ?? refusal.error.type,
    kept: refusal.stored,
  };
}

export function scriptedError(fault: FaultRule, requestId: string): Outcome {
  const { status = 500, code } = fault;
  const message = 'An unknown error occurred (scripted).';
  const says = code === undefined ? serverError(status, message) : refusal(message, { status, code });
  const stored = fault.stored ?? true;
  return refused({ ...says, stored, headers: shouldRetry(fault, stored ? false : null) }, requestId);
}

/**
 * Stripe-Should-Retry: with a stored 500 it is false in most cases, since a retry would only replay
 * it.
 */
export function shouldRetry(fault: FaultRule, otherwise: boolean | null): Record<string, string> {
  const value = fault.shouldRetry === undefined ? otherwise : fault.shouldRetry;
  return value === null ? {} : { 'stripe-should-retry': String(value) };
}
