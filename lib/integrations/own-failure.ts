import type { Failure } from './integration.ts';

/**
 * A wait of our own, in the form of a failure: it is on the row, and people see it there. No call
 * of this step is behind it.
 */
export function ownFailure(
  said: Pick<Failure, 'kind' | 'code' | 'message' | 'nothingHappened'> & { field?: string },
): Failure {
  const ofNoCall = { status: null, requestId: null, replayed: false, retryAfterMs: null };
  return { scope: 'entity', field: null, ...ofNoCall, ...said };
}
