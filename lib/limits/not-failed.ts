import { RECONNECT } from '../integrations/own-failure.ts';
import type { Failure } from '../integrations/integration.ts';
import { NO_TOKEN } from './guarded.ts';

/**
 * Whether a call was not made for a reason that is none of the pair: the quota of the account is used
 * up, no rate token came in time, or a person has to connect the account again. It uses up no attempt.
 */
export function hasNotFailed({ kind, code }: Pick<Failure, 'kind' | 'code'>): boolean {
  return kind === 'quota' || code === NO_TOKEN || code === RECONNECT;
}
