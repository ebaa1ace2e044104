// The pair has ended, and answers for its external id: what still comes in is recorded, and changes nothing.
import type { Action } from '../action.ts';
import { isInactive } from '../../../db/mappings/state.ts';
import { received } from '../received.ts';
import type { Situation } from '../situation.ts';

export function ended(s: Situation): Action | null {
  if (!isInactive(s.mapping)) return null;
  const { echoes, deletedOver: conflicts } = received(s);
  return { do: 'settle', outcome: { kind: 'stale', echoes, conflicts } };
}
