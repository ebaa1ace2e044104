import type { Action, Request } from './action.ts';
import type { Situation } from './situation.ts';
import { isUnending, parkUnending } from './unending.ts';
import { versionMoves } from './version-moves.ts';

/** Sends a create or an update, or says what would be sent where writes are off. */
export function sendOrWait(
  s: Situation,
  request: Extract<Request, { operation: 'create' | 'update' }>,
): Action {
  const stale = request.operation === 'update' ? versionMoves(s) : null;
  if (stale) return stale;
  if (isUnending(s)) return parkUnending(s);
  if (s.policy.writes) return { do: 'send', request };
  const { operation, ours, ownerTag, beside, as } = request;
  const reason = { code: 'writes_off', detail: { operation } } as const;
  const outcome = { kind: 'waiting', reason } as const;
  return { do: 'settle', outcome, unsent: { ours, ownerTag, beside, as } };
}
