import type { Action, Request } from './action.ts';
import type { Situation } from './situation.ts';

/** Sends a create or an update, or says what would be sent where writes are off. */
export function sendOrWait(
  { policy }: Situation,
  request: Extract<Request, { operation: 'create' | 'update' }>,
): Action {
  if (policy.writes) return { do: 'send', request };
  const { operation, ours, ownerTag } = request;
  const reason = { code: 'writes_off', detail: { operation } } as const;
  const outcome = { kind: 'waiting', reason } as const;
  return { do: 'settle', outcome, unsent: { ours, ownerTag } };
}
