// What follows from a person's decision about a pair, as writes. Pure: settle.ts carries them out.
import { codeOf } from '../../../db/mappings/reason.ts';
import { begunAnew, linked, refused } from '../../../db/mappings/writes/state-change.ts';
import type { MappingChanges } from '../../../db/mappings/writes/update.ts';
import { damageOf, intentDamage } from '../damage.ts';
import { all } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { DecisionOutcome, Effects } from './outcome.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';

export function decisionEffects(step: LoadedStep, outcome: DecisionOutcome): Partial<Effects> {
  const { mapping } = step;
  switch (outcome.kind) {
    case 'still_there': {
      const changes: MappingChanges = { ...healthy, ...linked(), mustRead: true };
      // Without a base that can be read, the next step compares both sides as they stand.
      if (isShadowDamaged(mapping)) changes.shadow = {};
      // The deliveries of the loop end as stale, so that the loop does not go on.
      const deliveries = mapping.reason?.code === 'loop' ? all(step, 'stale') : [];
      return { mapping: changes, deliveries, release: false };
    }
    case 'begun_anew':
      return {
        mapping: { ...healthy, ...begunAnew(), mustRead: false },
        release: false,
      };
    case 'set_aside': {
      const { intent } = mapping;
      const isWhole = intent !== null && intentDamage(intent) === null;
      return {
        mapping: { intent: null },
        closed: isWhole ? { intent, result: 'unknown', written: null } : null,
        release: false,
      };
    }
    case 'refused':
      return staysWhereItWas(step, outcome);
  }
}

function staysWhereItWas(
  step: LoadedStep,
  outcome: Extract<DecisionOutcome, { kind: 'refused' }>,
): Partial<Effects> {
  const change = refused(step.mapping, outcome);
  const { state, reason } = change;
  const mapping = { ...healthy, ...change, mustRead: false, clean: step.mapping.dirty };
  // The pair had ended before, and has again.
  if (!reason || (state !== 'waiting' && state !== 'parked'))
    return { mapping, deliveries: all(step, 'stale') };
  return {
    mapping: { ...healthy, ...change, clean: step.mapping.dirty },
    deliveries: all(step, state, { error: { code: codeOf(reason), ...reason.detail } }),
    parked: state === 'parked' ? reason : null,
  };
}

/** By its form, or by the types of its fields, which the step that parked it has looked at. */
function isShadowDamaged(mapping: LoadedStep['mapping']): boolean {
  const { reason } = mapping;
  if (reason?.code === 'damaged' && reason.detail.column === 'shadow') return true;
  return damageOf({ ...mapping, intent: null })?.column === 'shadow';
}
