// Our row is a tombstone: its record goes too, as far as the policy says, and never unguarded.
//
// Stripe's DELETE is for good and cancels subscriptions at once, and it takes no idempotency key.
// So before every DELETE, also a repeated one, a GET looks: gone already is success, a subscription
// that is not cancelled parks, a 404 is never a deletion.
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Action } from './action.ts';
import { resolutionOf } from './consent.ts';
import { damageOf, isOfNoRecord } from './damage.ts';
import { lostTheirs } from './delete-conflicts.ts';
import { know } from './facts.ts';
import { park, postpone, wait } from './failing.ts';
import { heldDelete } from './held-delete.ts';
import type { Situation } from './situation.ts';
import { theirsOf } from './values.ts';
import { versionMoves } from './version-moves.ts';

export function removal(s: Situation): Action {
  const { mapping } = s;
  const { externalId } = mapping;
  if (externalId === null) return end('tombstoned');
  if (s.policy.deletes === 'detach' || s.capabilities.deletes === 'none') return end('detached');
  // A person said that the record is gone: if a read does not find it either, there is nothing to
  // delete.
  const isSaidGone = resolutionOf(mapping) !== null;
  if (isSaidGone && damageOf({ ...mapping, intent: null })?.column === 'external_id') return end('detached');
  const seen = know(s, 'record', { externalId, for: 'delete' });
  if (!seen.ok) return isSaidGone && isOfNoRecord(seen) ? end('detached') : postpone(s, seen.failure);
  const { value } = seen;
  if (value.state === 'missing')
    return isSaidGone ? end('detached') : park({ code: 'missing', detail: { external_id: externalId } });
  if (value.state === 'erased') return end('tombstoned', mapping.intent);
  // The record exists after all: what was decided is over, and the delete goes its ordinary way.
  if (isSaidGone) return { do: 'settle', outcome: { kind: 'still_there' } };
  if (value.blocksDelete !== null)
    return park({
      code: 'delete_blocked',
      detail: { external_id: externalId, why: value.blocksDelete },
    });
  if (!s.policy.writes) return wait({ code: 'writes_off', detail: { operation: 'delete' } });
  if (s.progress.obstacle === 'fuse') return heldDelete('out');
  if (mapping.intent) return { do: 'resend', intent: mapping.intent };
  const stale = versionMoves(s);
  if (stale) return stale;
  const theirs = theirsOf(s.fields, value.record.fields);
  // An archived record keeps its values: nothing of theirs is lost with it.
  const isLost = s.capabilities.deletes !== 'archive';
  const conflicts = isLost ? lostTheirs(s.fields, mapping.shadow, theirs) : [];
  const { version } = value.record;
  return { do: 'send', request: { operation: 'delete', seen: theirs, conflicts, version } };
}

function end(state: 'tombstoned' | 'detached', intent: OpenIntent | null = null): Action {
  return { do: 'settle', outcome: { kind: 'ended', state, by: 'ours', intent, written: null } };
}
