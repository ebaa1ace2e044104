// Edits that our writes covered unseen, at a record that nothing is merged with any more. A merge
// judges such an edit (merge.ts); without a merge our value stands, and theirs is kept as a
// conflict, which a person can reverse.
import { canonical } from './canonical.ts';
import { conflictBeside } from './groups.ts';
import type { Conflict } from './merge.ts';
import { received } from './received.ts';
import type { Situation } from './situation.ts';

export function coveredEdits(s: Situation): Conflict[] {
  const { unseen, beside } = received(s);
  const mapped = unseen.map((edit): Conflict => {
    const { field, value, sent, seen } = edit;
    const rule = s.fields.find(({ internal }) => internal === field);
    return {
      kind: 'overwritten_unseen',
      field,
      base: seen,
      ours: sent,
      theirs: rule ? canonical(rule, value) : value,
      rule: rule?.conflict ?? 'internal_wins',
      winner: 'ours',
      ...(!edit.isUnsure && { intentId: edit.intentId }),
      eventId: edit.eventId,
    };
  });
  return [...mapped, ...beside.map(conflictBeside)];
}

/** The echoes that these conflicts were found by: they have been looked at, and are not looked at again. */
export function checkedBy(conflicts: readonly Conflict[]): { intentId: string; eventId: string }[] {
  return conflicts.flatMap(({ kind, intentId, eventId }) =>
    kind === 'overwritten_unseen' && intentId && eventId ? [{ intentId, eventId }] : [],
  );
}
