// The record of a linked pair was to be read: it may not be readable, not known to the system, or deleted there.
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { lostOurs, outlivedBy, ALIAS_LIVES } from '../delete-conflicts.ts';
import { know } from '../facts.ts';
import { park, postpone, wait } from '../failing.ts';
import { isReleased } from '../consent.ts';
import { heldDelete } from '../held-delete.ts';
import { refusedByTable } from '../row-refused.ts';
import { tableRefusal, type Situation } from '../situation.ts';
import { oursOf } from '../values.ts';

export function unreadable(s: Situation): Action | null {
  const answer = readTheirs(s);
  return answer && !answer.ok ? postpone(s, answer.failure) : null;
}

/** A 404 is never a deletion: a wrong key sees nothing but these. Only `{deleted: true}` is one. */
export function missing(s: Situation): Action | null {
  const answer = readTheirs(s);
  const isMissing = answer?.ok === true && answer.value.state === 'missing';
  return isMissing ? park('missing', { external_id: s.mapping.externalId }) : null;
}

export function deletedThere(s: Situation): Action | null {
  const { mapping, row, progress } = s;
  const answer = readTheirs(s);
  const externalId = mapping.externalId;
  if (!row || externalId === null || answer?.ok !== true || answer.value.state !== 'erased') return null;
  if (progress.deleted)
    return {
      do: 'settle',
      outcome: { kind: 'ended', state: 'tombstoned', by: 'theirs', intent: null, written: null },
    };
  if (!s.policy.pulls) return wait('pulls_off', { operation: 'delete' });
  const aliases = know(s, 'aliases', { customerId: row.id });
  // The person may live on in another record: somebody deleted one of two. Whether the row goes too, a person says.
  if (aliases.length > 0 && !isReleased(mapping))
    return wait(ALIAS_LIVES, { external_id: externalId, aliases });
  const refusal = tableRefusal(s);
  if (refusal) return refusedByTable(refusal);
  if (progress.obstacle === 'fuse') return heldDelete('in');
  const conflicts = lostOurs(s.fields, mapping.shadow, oursOf(s.fields, row));
  for (const alias of aliases) conflicts.push(outlivedBy(alias, externalId));
  return { do: 'write_ours', ours: { write: 'delete', conflicts } };
}
