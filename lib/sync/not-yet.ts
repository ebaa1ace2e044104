import type { Failure } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';

/** Whether it happened is not known yet. */
export function notYet(code: string, message: string): Failure {
  return ownFailure({ kind: 'indeterminate', code, message, nothingHappened: false });
}
