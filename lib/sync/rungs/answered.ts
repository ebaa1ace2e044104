// A request of this claim was answered, so what it came to is settled before anything else.
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Failure } from '../../integrations/integration.ts';
import type { Action } from '../action.ts';
import { failed, park, postpone } from '../failing.ts';
import { leaves } from '../removal.ts';
import { TAG_TAKEN } from '../sending-again.ts';
import type { Situation } from '../situation.ts';
import { whetherDone } from '../whether-done.ts';
import { rivalNamed } from './rival.ts';

export function answered(s: Situation): Action | null {
  const { sent } = s.progress;
  if (!sent) return null;
  const { intent, answer, first, merged } = sent;
  if (!answer.ok) return afterFailure(s, intent, answer.failure, first);
  const written = answer.value;
  if (intent.operation === 'delete' && s.row?.deletedAt === null) return leaves(intent, written);
  if (intent.operation === 'delete')
    return {
      do: 'settle',
      outcome: { kind: 'ended', state: 'tombstoned', by: 'ours', intent, written },
    };
  return { do: 'settle', outcome: { kind: 'answered', intent, written, merged } };
}

/**
 * Decides what is done with the open intent after an answer that is no success. `first`: no earlier
 * send can have arrived.
 */
function afterFailure(s: Situation, intent: OpenIntent, failure: Failure, first: boolean): Action {
  if (failure.kind === 'permanent' && intent.operation === 'create' && failure.existing.length > 0)
    return rivalNamed(s, intent, failure);
  if (failure.kind === 'permanent') return park(failed(failure), intent);
  if (failure.kind === 'conflict') return refusedAsStale(s, intent, failure, first);
  // Gone between the look and the delete: the next look shows whether it is erased or was never
  // ours to see.
  if (intent.operation === 'delete') return postpone(s, failure);
  switch (failure.kind) {
    case 'spent':
      return sendNeverAgain(s, failure);
    case 'gone':
      // A 404 is never a deletion. It closes the intent; only what a GET then says counts.
      if (intent.operation === 'create') return park(failed(failure), intent);
      // An earlier send may still arrive, and would then come after what is newer.
      if (!first) return sendNeverAgain(s, failure);
      return {
        do: 'settle',
        outcome: { kind: 'abandoned', intent, result: 'refused', mustRead: true },
      };
    default:
      return postpone(s, failure);
  }
}

/** What its sends did is read once nothing of them can be on its way any more. */
function sendNeverAgain(s: Situation, failure: Failure): Action {
  const notBefore = new Date(s.now.getTime() + s.capabilities.inFlightMs);
  return postpone(s, failure, { spent: true, notBefore });
}

/**
 * The request named a version that is not the record's any more, so this send did nothing, and no
 * earlier one can have an effect from now on. An earlier one may have had it: then it was our own
 * write that moved the record, and a read shows that. Else the record is read and merged, and a new
 * request is made. A create is refused so where a record has its owner tag: that one is looked for.
 */
function refusedAsStale(s: Situation, intent: OpenIntent, failure: Failure, first: boolean): Action {
  if (intent.operation === 'create') return postpone(s, { ...failure, code: TAG_TAKEN }, { spent: true });
  if (intent.operation === 'update' && !first) return whetherDone(s, intent);
  const outcome = { kind: 'abandoned', intent, result: 'refused', mustRead: true, stale: true } as const;
  return { do: 'settle', outcome };
}
