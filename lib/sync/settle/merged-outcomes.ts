// The outcomes of a step about a record that was merged into another one at the system, as writes.
// Pure, and a part of lib/sync/settle/writes.ts.
import type { DeliveryChange } from '../../../db/deliveries.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';
import { alias, aliasGone, linked, waiting } from '../../../db/mappings/writes/state-change.ts';
import { checkedBy } from '../covered.ts';
import { at, inbound, outbound } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { Effects, MergedOutcome } from './outcome.ts';

export function mergedEffects(step: LoadedStep, outcome: MergedOutcome): Partial<Effects> {
  const { echoes, covered } = outcome;
  const seen = {
    deliveries: aboutLoser(step, echoes),
    confirmed: echoes,
    conflicts: covered,
    checked: checkedBy(covered),
  };
  if (outcome.kind === 'merged_away') return { ...seen, ...away(step, outcome) };
  if (outcome.kind === 'merged_waits') {
    const { mapping } = step;
    const ours = outbound(step).map((d): DeliveryChange => ({ ...at(d), status: 'waiting', tried: false }));
    return {
      ...seen,
      deliveries: [...seen.deliveries, ...ours],
      // What came in has been looked at: until something else comes in, nothing is read again.
      mapping: { ...healthy, ...waiting(mapping, outcome.reason), mustRead: false, clean: mapping.dirty },
    };
  }
  return {
    ...seen,
    // The shadow stays: both sides are compared with what they agreed on before the merge.
    mapping: { ...healthy, ...linked(), mustRead: true, madeRecord: false },
    linked: outcome.into,
    movedFrom: outcome.from,
    release: false,
  };
}

function away(
  { mapping }: LoadedStep,
  { into, customerId }: Extract<MergedOutcome, { kind: 'merged_away' }>,
): Partial<Effects> {
  const common = { ...healthy, mergedInto: into, mustRead: false, clean: mapping.dirty, knownEmail: null };
  return {
    mapping:
      customerId === null
        ? { ...common, ...aliasGone() }
        : { ...common, ...alias(), internalId: customerId, role: 'alias' },
    // A primary that waited because this record was a second one of its row looks again.
    leavesRow: mapping.state === 'alias',
  };
}

/** Our own edits stay with the row; what came in about the loser is over. */
function aboutLoser(step: LoadedStep, echoes: readonly { eventId: string }[]): DeliveryChange[] {
  const own = new Set(echoes.map(({ eventId }) => eventId));
  return inbound(step).map((d) => {
    const isTheMerge = d.inbound?.kind === 'merged' || d.inbound?.kind === 'deleted';
    const status = own.has(d.eventId) ? 'echo' : isTheMerge ? 'applied' : 'stale';
    return { ...at(d), status, tried: true };
  });
}
