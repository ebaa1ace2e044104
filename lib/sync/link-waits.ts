import type { Failure } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';

/** Not a failure: a link that has to wait a moment, and never parks. */
export function linkWaits(message: string): Failure {
  return ownFailure({ kind: 'throttle', code: 'link_waits', message, nothingHappened: true });
}
