// A 404 is never a deletion: a wrong key sees nothing but these. Only `{deleted: true}` is one
// (record-deleted.ts).
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { park } from '../failing.ts';
import type { Situation } from '../situation.ts';

export function missing(s: Situation): Action | null {
  const answer = readTheirs(s);
  const isMissing = answer?.ok === true && answer.value.state === 'missing';
  return isMissing ? park({ code: 'missing', detail: { external_id: s.mapping.externalId } }) : null;
}
