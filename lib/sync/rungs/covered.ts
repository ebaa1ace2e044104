// The echo of our write is the only event that says which edit of theirs the write covered. Where
// no merge follows that would judge it, it is kept as a conflict first.
import type { Action } from '../action.ts';
import { coveredEdits } from '../covered.ts';
import { isInactive } from '../../../db/mappings/state.ts';
import { leavesBy } from '../wanted.ts';
import type { Situation } from '../situation.ts';

export function covered(s: Situation): Action | null {
  // A pull of this claim has kept what its echoes show.
  if (s.progress.pulled) return null;
  const isLiving = s.row === null || s.row.deletedAt === null;
  const isMerged = !isInactive(s.mapping) && isLiving && leavesBy(s) === null;
  if (isMerged || s.mapping.internalId === null) return null;
  const conflicts = coveredEdits(s);
  return conflicts.length > 0 ? { do: 'settle', outcome: { kind: 'covered', conflicts } } : null;
}
