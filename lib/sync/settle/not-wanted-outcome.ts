// The outcome of a step that found that the system is not to have the row, as writes. Pure, and a part of
// lib/sync/settle/writes.ts.
import type { LoadedStep } from '../../../db/mappings/load.ts';
import * as become from '../../../db/mappings/writes/state-change.ts';
import { agreedOutbound, answeredInbound, staleInbound } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { Effects, Outcome } from './outcome.ts';

export function notWanted(
  step: LoadedStep,
  { field, echoes, merged }: Extract<Outcome, { kind: 'not_wanted' }>,
): Partial<Effects> {
  const { mapping } = step;
  return {
    mapping: {
      ...healthy,
      ...become.notWanted(mapping, field),
      clean: mapping.dirty,
      // What happens to the record meanwhile is looked at when the row is wanted again.
      ...(mapping.externalId !== null && { mustRead: true }),
    },
    deliveries: [
      ...agreedOutbound(step),
      ...(merged ? answeredInbound(step, merged) : staleInbound(step, echoes)),
    ],
    confirmed: echoes,
  };
}
