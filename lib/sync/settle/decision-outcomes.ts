// What follows from a person's decision about a pair, as writes. Pure: settle.ts carries them out.
import type { MappingChanges } from '../../../db/mappings/mappings.ts';
import { damageOf, intentDamage } from '../damage.ts';
import { all } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { DecisionOutcome, Effects } from './outcome.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';

export function decisionEffects(step: LoadedStep, outcome: DecisionOutcome): Partial<Effects> {
  const { mapping } = step;
  switch (outcome.kind) {
    case 'still_there': {
      const changes: MappingChanges = { ...healthy, state: 'linked', decision: null, mustRead: true };
      // Without a base that can be read, the next step compares both sides as they stand.
      if (damageOf({ ...mapping, intent: null })?.column === 'shadow') changes.shadow = {};
      // What came round too often is read as the row's state, and goes round no more.
      const deliveries = mapping.reason === 'loop' ? all(step, 'stale') : [];
      return { mapping: changes, deliveries, release: false };
    }
    case 'begun_anew':
      return {
        mapping: { ...healthy, state: 'pending', decision: null, mustRead: false },
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
    case 'refused': {
      const { reason, detail } = outcome;
      const state = mapping.state === 'waiting' ? 'waiting' : 'parked';
      return {
        mapping: {
          ...healthy,
          ...{ state, reason, reasonDetail: detail, decision: null, clean: mapping.dirty },
        },
        deliveries: all(step, state, { error: { code: reason, ...detail } }),
        parked: state === 'parked' ? { reason, detail } : null,
      };
    }
  }
}
