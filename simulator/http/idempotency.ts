/**
 * Idempotency keys, docs.stripe.com/api/idempotent_requests and docs.stripe.com/error-low-level:
 * - only POST; up to 255 characters; each account has its own keys.
 * - the first answer is kept once the endpoint has begun to run, success or failure, 500 included;
 *   not kept are failed validation, 401, 429 (limits are checked before the key), and the 409
 *   itself.
 * - the same key with other parameters, or for another endpoint, is refused; while its first
 *   request runs, 409.
 * - a key is forgotten when it is 24 hours old, by the simulator's clock; after that it counts as a
 *   new key.
 */
import { createHash } from 'node:crypto';
import { asError, refusal, refuse } from './errors.ts';
import { canonicalForm, type Params } from './form.ts';
import type { AccountState, StoredKey } from '../store/store.ts';

export const KEY_LIFE_MS = 24 * 3600 * 1000;
const MAX_LENGTH = 255;

export type KeyedRequest = {
  account: AccountState;
  key: string;
  method: string;
  path: string;
  params: Params;
  now: number;
};

export type Idempotency = ReturnType<typeof createIdempotency>;

export function createIdempotency() {
  /**
   * Per account and key: requests that have begun and not ended. They are lost with the process, on
   * purpose.
   */
  const inFlight = new Set<string>();

  /** The stored answer to replay, or null after taking the key for this request. */
  function begin(request: KeyedRequest): StoredKey | null {
    if (request.key.length > MAX_LENGTH) {
      refuse(
        `Idempotency keys can be up to ${MAX_LENGTH} characters long; this one has ${request.key.length}.`,
      );
    }
    const place = `${request.account.id} ${request.key}`;
    if (inFlight.has(place)) {
      refuse(
        `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, ` +
          `and the other request is still going through): ${request.key}. Please try again later.`,
        { status: 409, type: 'idempotency_error', code: 'idempotency_key_in_use' },
      );
    }
    const stored = request.account.keys.get(request.key);
    if (stored && stored.at + KEY_LIFE_MS > request.now) {
      refuseOtherUse(stored, request);
      return stored;
    }
    inFlight.add(place);
    return null;
  }

  function end(request: KeyedRequest): void {
    inFlight.delete(`${request.account.id} ${request.key}`);
  }

  return { begin, end, inFlight: inFlight as ReadonlySet<string> };
}

export function hashParams(params: Params): string {
  return createHash('sha1').update(canonicalForm(params)).digest('base64');
}

/**
 * Drops keys that are too old. Keys are in the order of their time, so the loop stops at the first
 * young one.
 */
export function dropOldKeys(account: AccountState, now: number): void {
  for (const [key, stored] of account.keys) {
    if (stored.at + KEY_LIFE_MS > now) return;
    account.keys.delete(key);
  }
}

function refuseOtherUse(stored: StoredKey, request: KeyedRequest): void {
  const advice = `Try using a key other than '${request.key}' if you meant to execute a different request.`;
  if (stored.method !== request.method || stored.path !== request.path) {
    throw asError(
      refusal(
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ` +
          `('${request.path}' vs '${stored.path}'). ${advice}`,
        { type: 'idempotency_error' },
      ),
    );
  }
  if (stored.params !== hashParams(request.params)) {
    throw asError(
      refusal(
        `Keys for idempotent requests can only be used with the same parameters they were first used with. ${advice}`,
        { type: 'idempotency_error' },
      ),
    );
  }
}
