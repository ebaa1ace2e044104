// The row's record is another row's: that is asked again without a call, and no second record is made.
import type { Action } from '../action.ts';
import type { Situation } from '../situation.ts';

export function recordTaken({ mapping: { reason } }: Situation): Action | null {
  if (reason?.code !== 'external_id_taken') return null;
  return { do: 'settle', outcome: { kind: 'found', externalId: reason.detail.external_id } };
}
