// The record of the pair was merged into another one at the system. That is no deletion: the pair never
// deletes our row for it. If no other row has the winner, the pair moves to the winner, and its shadow
// is the base with which both sides are compared. Otherwise a person decides: the pair waits.
//
// A crash before the settle leaves the pair at the loser, and it is read again; after it the pair is
// at the winner and has to read, and the loser is an alias of the row (settle/moved.ts).
import type { ExternalRecord } from '../../integrations/integration.ts';
import { isUuid } from '../../uuid.ts';
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { isReleased } from '../consent.ts';
import { coveredEdits } from '../covered.ts';
import { know } from '../facts.ts';
import { postpone } from '../failing.ts';
import { received } from '../received.ts';
import type { MergedOutcome } from '../settle/outcome.ts';
import type { Situation } from '../situation.ts';
import { mergedInto, winnerOf } from '../winner.ts';

export function recordMerged(s: Situation): Action | null {
  const { mapping, row } = s;
  const { externalId, reason } = mapping;
  // A person has accepted that the row goes as its record did (record-deleted.ts).
  if (!row || externalId === null || isReleased(mapping)) return null;
  if (reason?.code === 'record_merged' && !received(s).mustRead) return waits(s, reason);
  const answer = readTheirs(s);
  if (answer?.ok !== true) return null;
  const first = mergedInto(s, externalId, answer.value);
  if (first === null) return null;
  const winner = winnerOf(s, externalId, first);
  if ('failure' in winner) return postpone(s, winner.failure);
  const { into, record } = winner;
  const because = record === null ? ({ because: 'gone' } as const) : whoseElse(s, record);
  if (because)
    return waits(s, { code: 'record_merged', detail: { external_id: externalId, into, ...because } });
  const fields = { mapping: mapping.id, customer: mapping.internalId, external_id: externalId, into };
  return {
    do: 'settle',
    outcome: { kind: 'moved', from: externalId, into, covered: coveredEdits(s), echoes: received(s).echoes },
    notes: [{ note: 'log', level: 'info', event: 'record.merged', fields }],
  };
}

function waits(s: Situation, reason: Waits['reason']): Action {
  const { echoes } = received(s);
  return { do: 'settle', outcome: { kind: 'merged_waits', reason, covered: coveredEdits(s), echoes } };
}

type Waits = Extract<MergedOutcome, { kind: 'merged_waits' }>;
type Whose = { customer: number } | { because: 'other_environment' };

/** Why the winner cannot be this row's record; null if it can. */
function whoseElse(s: Situation, { externalId, ownerTag, foreignTag }: ExternalRecord): Whose | null {
  const [holder] = know(s, 'holders', { externalIds: [externalId] });
  if (holder && holder.customerId !== null && holder.customerId !== s.row?.id)
    return { customer: holder.customerId };
  if (ownerTag === null) return foreignTag ? { because: 'other_environment' } : null;
  if (ownerTag === s.row?.createdEventId || !isUuid(ownerTag)) return null;
  // A row without a record of its own, which may be this one. Any other owner tag is a copy.
  const owner = know(s, 'rowByOwnerTag', { tag: ownerTag });
  return owner && owner.externalId === null && !owner.ended ? { customer: owner.customerId } : null;
}
