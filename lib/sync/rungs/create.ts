// The row has no record, and none was found that could be its own: one is made, with this row's owner tag.
import type { Action } from '../action.ts';
import { canCarry } from '../canonical.ts';
import { wait } from '../failing.ts';
import { nothingMerged } from '../merged.ts';
import { nextPart } from '../next.ts';
import { sendOrWait } from '../sending.ts';
import type { Situation } from '../situation.ts';
import { oursOf } from '../values.ts';

export function create(s: Situation): Action | null {
  const { row, mapping } = s;
  if (!row || mapping.externalId !== null) return null;
  // What they cannot hold is left out; the merge after it says so.
  const sent = s.fields.filter(
    (rule) => rule.direction !== 'pull' && canCarry(rule, oursOf([rule], row)[rule.internal] ?? null),
  );
  const { part, refused } = nextPart(s, { push: oursOf(sent, row), there: null });
  const [why] = refused;
  if (!part) return wait({ code: 'refused', detail: why ?? { field: '', reason: '' } });
  return sendOrWait(s, {
    operation: 'create',
    ours: part.ours,
    seen: {},
    ownerTag: row.createdEventId,
    conflicts: [],
    merged: nothingMerged,
    beside: {},
    as: part.as,
    // The field by which the row names itself follows, once the record has an id.
    more: part.more || refused.length > 0 || s.namesItself === true,
  });
}
