// What moved at our side, and our owner tag where their record lacks it, goes to the system.
import type { Action } from '../action.ts';
import { compare, conflictsBesidesPull } from '../comparison.ts';
import { besideOf } from '../groups.ts';
import { partOf } from '../next.ts';
import { sendOrWait } from '../sending.ts';
import type { Situation } from '../situation.ts';

export function push(s: Situation): Action | null {
  const compared = compare(s);
  if (!compared) return null;
  const { plan, theirs, merged, ownerTag, version, held, restored } = compared;
  const isNothing = Object.keys({ ...plan.push, ...restored }).length === 0;
  if (isNothing && ownerTag === null) return null;
  const { ours, as, more } = partOf(s, compared);
  return sendOrWait(s, {
    operation: 'update',
    ours,
    seen: theirs,
    ownerTag,
    conflicts: conflictsBesidesPull(plan),
    merged,
    version,
    beside: besideOf(s, { pushed: ours, restored, held }),
    as,
    more,
  });
}
