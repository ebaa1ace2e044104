// What moved at the other side is written into our row.
import type { Action } from '../action.ts';
import { compare, conflictsBesidesPull } from '../comparison.ts';
import { askHolder } from '../duplicate-email.ts';
import { wait } from '../failing.ts';
import { besideOf } from '../groups.ts';
import { partOf } from '../next.ts';
import { refusedByTable } from '../row-refused.ts';
import { sendOrWait } from '../sending.ts';
import { tableRefusal, takenIdentity, type Situation } from '../situation.ts';

/**
 * With pulls off our own edits still go out; what was to be pulled waits, and is decided when it
 * may be written.
 */
export function pullsOff(s: Situation): Action | null {
  const compared = compare(s);
  if (s.policy.pulls || !compared) return null;
  const { plan, theirs, version, held, restored } = compared;
  const fields = Object.keys(plan.pull);
  if (fields.length === 0) return null;
  const rest = Object.fromEntries(Object.entries(plan.push).filter(([field]) => !fields.includes(field)));
  const part = partOf(s, { ...compared, ownerTag: null, plan: { ...plan, pull: {}, push: rest } });
  const { ours } = part;
  if (Object.keys({ ...ours, ...restored }).length === 0)
    return wait({ code: 'pulls_off', detail: { fields } });
  // What else the merge found is left for the step that begins again after it.
  return sendOrWait(s, {
    operation: 'update',
    ours,
    seen: theirs,
    ownerTag: null,
    conflicts: conflictsBesidesPull(plan),
    merged: null,
    version,
    beside: besideOf(s, { pushed: ours, restored, held }),
    as: part.as,
    more: part.more,
  });
}

/**
 * Another of our rows has their email: that row's own record may have moved on too, and is asked
 * about first.
 */
export function emailTaken(s: Situation): Action | null {
  const taken = takenIdentity(s);
  return typeof taken === 'string' ? askHolder(s, taken) : null;
}

/** A rule or a trigger of the user's table refuses a value from the external system. */
export function tableRefuses(s: Situation): Action | null {
  const refusal = tableRefusal(s);
  return refusal && refusedByTable(refusal);
}

export function pull(s: Situation): Action | null {
  const compared = compare(s);
  if (!compared || s.progress.pulled || Object.keys(compared.plan.pull).length === 0) return null;
  return { do: 'write_ours', ours: { write: 'pull', compared } };
}
