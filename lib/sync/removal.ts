// Our row is a tombstone: its record goes too, as far as the policy says, and never unguarded. So does
// the record of a row that lives, and that its system is not to have any more (rungs/not-wanted.ts):
// that row goes on with a pair of its own, which has no record.
//
// Stripe's DELETE is for good and cancels subscriptions at once, and it takes no idempotency key.
// So before every DELETE, also a repeated one, a GET looks: gone already is success, a subscription
// that is not cancelled parks, a 404 is never a deletion.
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import { NOT_WANTED } from '../../db/mappings/consent.ts';
import type { Action } from './action.ts';
import { resolutionOf } from './consent.ts';
import { damageOf, isOfNoRecord } from './damage.ts';
import { lostTheirs } from './delete-conflicts.ts';
import { know } from './facts.ts';
import { park, postpone, wait } from './failing.ts';
import { heldDelete } from './held-delete.ts';
import type { Written } from '../integrations/integration.ts';
import type { Situation } from './situation.ts';
import { theirsIfAble } from './values.ts';
import { versionMoves } from './version-moves.ts';
import { leavesBy, unwantedBy } from './wanted.ts';
import { mergedInto } from './winner.ts';

export function removal(s: Situation): Action {
  const { mapping } = s;
  const { externalId } = mapping;
  if (externalId === null) return end(s, 'tombstoned');
  if (s.policy.deletes === 'detach' || s.capabilities.deletes === 'none') return endWithoutDelete(s);
  if (wasLeft(s)) return end(s, 'detached');
  // A person said that the record is gone: if a read does not find it either, there is nothing to
  // delete.
  const isSaidGone = resolutionOf(mapping) !== null;
  if (isSaidGone && damageOf({ ...mapping, intent: null })?.column === 'external_id')
    return end(s, 'detached');
  const seen = know(s, 'record', { externalId, for: 'delete' });
  if (!seen.ok) return isSaidGone && isOfNoRecord(seen) ? end(s, 'detached') : postpone(s, seen.failure);
  const { value } = seen;
  // It is a part of another record now, which is none of this row's to delete.
  if (value.state === 'merged' || mergedInto(s, externalId, value) !== null) return end(s, 'tombstoned');
  if (value.state === 'missing')
    return isSaidGone ? end(s, 'detached') : park({ code: 'missing', detail: { external_id: externalId } });
  if (value.state === 'erased') return end(s, 'tombstoned', mapping.intent);
  // The record exists after all: what was decided is over, and the delete goes its ordinary way.
  if (isSaidGone) return { do: 'settle', outcome: { kind: 'still_there' } };
  const field = leavesBy(s);
  if (value.blocksDelete !== null)
    return park({
      code: 'delete_blocked',
      detail: { external_id: externalId, why: value.blocksDelete, ...(field !== null && { field }) },
    });
  if (!s.policy.writes) return wait({ code: 'writes_off', detail: { operation: 'delete' } });
  if (s.progress.obstacle === 'fuse') return heldDelete('out', field);
  if (mapping.intent) return { do: 'resend', intent: mapping.intent };
  const stale = versionMoves(s);
  if (stale) return stale;
  const theirs = theirsIfAble(s.fields, value.record.fields);
  // An archived record keeps its values: nothing of theirs is lost with it.
  const isLost = s.capabilities.deletes !== 'archive';
  const conflicts = isLost ? lostTheirs(s.fields, mapping.shadow, theirs) : [];
  const { version } = value.record;
  return { do: 'send', request: { operation: 'delete', seen: theirs, conflicts, version } };
}

function end(s: Situation, state: 'tombstoned' | 'detached', intent: OpenIntent | null = null): Action {
  if (s.row?.deletedAt === null) return leaves(intent);
  return { do: 'settle', outcome: { kind: 'ended', state, by: 'ours', intent, written: null } };
}

/**
 * The record of a row that lives is gone: the pair ends with it, and goes on answering for its
 * external id; the row gets a new pair without a record.
 */
export function leaves(intent: OpenIntent | null, written: Written | null = null): Action {
  const ending = { kind: 'replaced', replaced: true, because: NOT_WANTED } as const;
  const outcome = { kind: 'ended', state: 'detached', by: 'ours', intent, written, ending } as const;
  return { do: 'settle', outcome: { ...outcome, succeeded: true } };
}

/**
 * No delete is sent any more. Of a row that lives, what an open one did is not known: the record stays
 * with the row until a read says more.
 */
function endWithoutDelete(s: Situation): Action {
  const { intent } = s.mapping;
  if (s.row?.deletedAt !== null || intent === null) return end(s, 'detached');
  return { do: 'settle', outcome: { kind: 'abandoned', intent, result: 'unknown', mustRead: true } };
}

/** The row had left the system before it was deleted, and its record was to stay there. */
function wasLeft(s: Situation): boolean {
  return s.condition?.onLeave === 'detach' && s.mapping.intent === null && unwantedBy(s) !== null;
}
