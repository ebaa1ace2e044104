// Carries out what a person has decided about a pair that is stuck (lib/operations/resolutions.ts
// takes the decision): its record is gone and the row gets a new one (`recreate`), or another
// record is the row's (`record`).
//
// A person's statement is not taken for a fact about the other side: the record is read first. If
// it exists after all, the decision is over and the pair is read as any other, so a row never gets
// a second living record by it. If it does not, one transaction ends the pair, which goes on
// answering for the old id, and begins a new one for the row (perform/replace.ts).
import { isUuid } from '../../uuid.ts';
import type { ExternalRecord, Fetched } from '../../integrations/integration.ts';
import type { Action } from '../action.ts';
import { resolutionOf } from '../consent.ts';
import { coveredEdits } from '../covered.ts';
import { damageOf, isOfNoRecord } from '../damage.ts';
import { know } from '../facts.ts';
import { postpone } from '../failing.ts';
import type { Situation } from '../situation.ts';
import { mergedInto } from '../winner.ts';

export function decision(s: Situation): Action | null {
  const { mapping } = s;
  const decided = resolutionOf(mapping);
  if (!decided) return null;
  // Closed by itself and first: a read that fails after it finds no intent that would have to be
  // finished before the decision.
  if (mapping.intent) return { do: 'settle', outcome: { kind: 'set_aside' } };
  const named = decided.kind === 'record' ? (decided.external_id ?? null) : null;
  const { externalId } = mapping;
  if (named !== null && named !== externalId) return takeRecord(s, named);
  const neverLinked = externalId === null && mapping.pushedVersion === 0;
  if (neverLinked) return { do: 'settle', outcome: { kind: 'begun_anew' } };
  if (externalId === null || damageOf(mapping)?.column === 'external_id') return replace(s, null);
  const answer = know(s, 'record', { externalId, for: 'decision' });
  if (!answer.ok && !isOfNoRecord(answer)) return postpone(s, answer.failure);
  if (answer.ok && (answer.value.state === 'present' || isNewMerge(s, externalId, answer.value)))
    return { do: 'settle', outcome: { kind: 'still_there' } };
  return named === null ? replace(s, null) : refuse(named, 'missing');
}

/**
 * The named record becomes the row's, if it exists and is no other row's; the merge that follows
 * has no base.
 */
function takeRecord(s: Situation, externalId: string): Action {
  if (s.progress.obstacle === 'taken') return refuse(externalId, 'another_customers');
  const answer = know(s, 'record', { externalId, for: 'decision' });
  if (!answer.ok)
    return isOfNoRecord(answer) ? refuse(externalId, 'unsendable') : postpone(s, answer.failure);
  const { value } = answer;
  if (value.state !== 'present') return refuse(externalId, value.state);
  const why = whoseElse(s, value.record);
  if (why !== null) return refuse(externalId, why);
  if (s.mapping.externalId === null && s.mapping.pushedVersion === 0)
    return { do: 'settle', outcome: { kind: 'found', externalId } };
  return replace(s, externalId);
}

function whoseElse(s: Situation, { ownerTag, foreignTag }: ExternalRecord): string | null {
  if (ownerTag === null) return foreignTag ? 'other_environment' : null;
  if (ownerTag === s.row?.createdEventId || !isUuid(ownerTag)) return null;
  const owner = know(s, 'rowByOwnerTag', { tag: ownerTag });
  // An owner tag that names no row, or a row without a record, is no other row's claim.
  return owner !== null && owner.externalId !== null && !owner.ended ? 'tagged_for_another' : null;
}

/** It lives on in another record, and the person who decided has not been told of that. */
function isNewMerge(s: Situation, externalId: string, read: Fetched): boolean {
  return s.mapping.reason?.code !== 'record_merged' && mergedInto(s, externalId, read) !== null;
}

/** The decision cannot be carried out: it is over, and the pair stays where it was, with what was tried. */
function refuse(tried: string, why: string): Action {
  return { do: 'settle', outcome: { kind: 'refused', tried, why } };
}

/** Events of the old record are stale after this, so edits that they show are kept now. */
function replace(s: Situation, externalId: string | null): Action {
  return { do: 'write_ours', ours: { write: 'replace', externalId, covered: coveredEdits(s) } };
}
