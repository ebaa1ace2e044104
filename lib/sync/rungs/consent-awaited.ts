// The row was in our table before its system was connected: nothing is made or linked for it before
// a person consents (docs/first-link.md).
import type { Action } from '../action.ts';
import { resolutionOf } from '../consent.ts';
import { wait } from '../failing.ts';
import { awaitsConsent } from '../pair-state.ts';
import type { Situation } from '../situation.ts';

export function consentAwaited({ mapping }: Situation): Action | null {
  if (!awaitsConsent(mapping) || resolutionOf(mapping)) return null;
  return wait(mapping.reason?.code === 'not_linked' ? mapping.reason : { code: 'not_linked', detail: {} });
}
