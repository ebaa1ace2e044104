// A row names another one that has no record at the system yet, or a record names one that has no row
// here: the pair waits, and goes on once the other pair stands (db/mappings/references.ts). A row that
// the system is not to have needs no record of another one.
//
// What a record names is a text that anyone may have written. So it is read first, and gets a pair only
// if it is a record: nothing is left of what is none but the reason of the pair that names it. A crash
// before that reason is settled leaves the pair dirty, and the named record is read once more.
import type { Action, Note } from '../action.ts';
import type { NoRecord } from '../../../db/mappings/reason.ts';
import { know } from '../facts.ts';
import { postpone, wait } from '../failing.ts';
import type { MissingReference } from '../references.ts';
import { missingReference, type Situation } from '../situation.ts';
import { leavesBy } from '../wanted.ts';

export function reference(s: Situation): Action | null {
  const missing = missingReference(s);
  if (missing === null || leavesBy(s) !== null) return null;
  return 'external_id' in missing ? byRecord(s, missing) : byRow(missing);
}

function byRow(missing: Exclude<MissingReference, { external_id: string }>): Action {
  return wait({ code: 'reference', detail: { ...missing } });
}

function byRecord(s: Situation, missing: Extract<MissingReference, { external_id: string }>): Action {
  const { entity, external_id: externalId } = missing;
  const answer = know(s, 'namedRecord', { entity, externalId });
  if (answer?.ok === false && answer.failure.kind !== 'permanent') return postpone(s, answer.failure);
  const state = answer?.ok === true ? answer.value.state : 'refused';
  const isThere = state === 'present' || state === 'merged';
  const notes: Note[] = isThere ? [{ note: 'read_record_of', entity, externalId }] : [];
  const because: { because?: NoRecord } = isThere || answer === null ? {} : { because: state };
  return wait({ code: 'reference', detail: { ...missing, ...because } }, notes);
}
