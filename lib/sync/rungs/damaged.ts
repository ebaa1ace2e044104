// A mapping row that the program did not write so is parked before anything is done by it.
import type { Action } from '../action.ts';
import { resolutionOf } from '../consent.ts';
import { damageOf, howToFix } from '../damage.ts';
import { park } from '../failing.ts';
import { isInactive } from '../../../db/mappings/state.ts';
import { awaitsConsent } from '../pair-state.ts';
import type { Situation } from '../situation.ts';

export function damaged({ mapping, fields }: Situation): Action | null {
  if (isInactive(mapping) || resolutionOf(mapping) || awaitsConsent(mapping)) return null;
  const damage = damageOf(mapping, fields);
  return damage && park({ code: 'damaged', detail: { ...damage, message: howToFix(damage) } });
}
