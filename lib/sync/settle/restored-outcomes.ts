// The outcomes of a step about a record that was archived and lives again, as writes. Pure, and a part
// of lib/sync/settle/writes.ts.
import type { LoadedStep } from '../../../db/mappings/load.ts';
import { linked, restoredAlone, unmatchedAgain } from '../../../db/mappings/writes/state-change.ts';
import { all } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { Effects, RestoredOutcome } from './outcome.ts';

/** The mapping stands for its record alone. */
const ofNoRow = {
  internalId: null,
  role: 'primary',
  shadow: {},
  wantedVersion: 0,
  pushedVersion: 0,
  knownEmail: null,
} as const;

export function restoredEffects(step: LoadedStep, outcome: RestoredOutcome): Partial<Effects> {
  const { mapping } = step;
  switch (outcome.to) {
    case 'pair':
      return { mapping: { ...healthy, ...linked(), mustRead: true }, release: false };
    case 'unmatched':
      return { mapping: { ...healthy, ...unmatchedAgain(), ...ofNoRow, mustRead: true }, release: false };
    case 'alone':
      return {
        mapping: {
          ...healthy,
          ...restoredAlone(outcome.customer),
          ...ofNoRow,
          mustRead: false,
          clean: mapping.dirty,
          voidTag: outcome.ownerTag ?? mapping.voidTag,
        },
        deliveries: all(step, 'waiting'),
      };
  }
}
