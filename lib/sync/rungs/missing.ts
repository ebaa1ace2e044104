// A 404 is never a deletion: a wrong key sees nothing but these. Only `{deleted: true}` is one
// (record-deleted.ts).
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { park } from '../failing.ts';
import type { Situation } from '../situation.ts';
import { mergedInto } from '../winner.ts';

export function missing(s: Situation): Action | null {
  const answer = readTheirs(s);
  const { externalId } = s.mapping;
  if (answer?.ok !== true || answer.value.state !== 'missing') return null;
  // An event said where it went, and a person accepted that the row goes too.
  if (externalId !== null && mergedInto(s, externalId, answer.value) !== null) return null;
  return park({ code: 'missing', detail: { external_id: externalId } });
}
