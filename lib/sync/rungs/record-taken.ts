// The row's record is another row's: that is asked again without a call, and no second record is made.
import type { Action } from '../action.ts';
import type { Situation } from '../situation.ts';

export function recordTaken({ mapping: { reason, reasonDetail } }: Situation): Action | null {
  const taken = reason === 'external_id_taken' ? reasonDetail?.['external_id'] : undefined;
  return typeof taken === 'string' ? { do: 'settle', outcome: { kind: 'found', externalId: taken } } : null;
}
