import type { Failure } from './integration.ts';

/**
 * The code of a call for which no credential could be had until a person does something. No attempt is
 * used up: nothing of the pair has failed.
 */
export const RECONNECT = 'reconnect';

/**
 * A wait that Twinbox decides on itself, in the form of a failure, so that it stands on the row and
 * people see it. The step has made no call.
 */
export function ownFailure(
  said: Pick<Failure, 'kind' | 'code' | 'message' | 'nothingHappened'> & { field?: string },
): Failure {
  const ofNoCall = { status: null, requestId: null, replayed: false, retryAfterMs: null, existing: [] };
  return { scope: 'entity', field: null, ...ofNoCall, ...said };
}
