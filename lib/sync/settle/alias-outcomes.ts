// The outcomes of a step about a second record of a row, as writes. Pure, and a part of
// lib/sync/settle/writes.ts.
import type { DeliveryChange } from '../../../db/deliveries.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';
import {
  alias as becomesAlias,
  aliasGone,
  aliasStays,
  unmatchedAgain as becomesUnmatched,
} from '../../../db/mappings/writes/state-change.ts';
import { duplicate } from '../conflicts.ts';
import { checkedBy } from '../covered.ts';
import { all, at } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { AliasOutcome, Effects } from './outcome.ts';

export function aliasEffects(step: LoadedStep, outcome: AliasOutcome): Partial<Effects> {
  const { mapping } = step;
  switch (outcome.kind) {
    case 'alias':
      return {
        mapping: {
          ...healthy,
          ...becomesAlias(),
          internalId: outcome.customerId,
          role: 'alias',
          mustRead: false,
          clean: mapping.dirty,
          knownEmail: outcome.email,
        },
        deliveries: all(step, 'conflict', { tried: true }),
        conflicts: [duplicate(outcome.primary, mapping.externalId), ...outcome.covered],
        checked: checkedBy(outcome.covered),
      };
    case 'alias_stays':
      return {
        mapping: {
          ...healthy,
          ...aliasStays(),
          mustRead: false,
          clean: mapping.dirty,
          knownEmail: outcome.identity,
        },
        deliveries: echoesOrStale(step, outcome.echoes),
        confirmed: outcome.echoes,
        conflicts: outcome.conflicts,
      };
    case 'alias_left':
      return outcome.to === 'gone' ? gone(step) : unmatchedAgain(step, outcome.ownerTag);
  }
}

function gone(step: LoadedStep): Partial<Effects> {
  return {
    mapping: {
      ...healthy,
      ...aliasGone(),
      mustRead: false,
      clean: step.mapping.dirty,
      knownEmail: null,
    },
    deliveries: step.deliveries.map((d) => ({
      ...at(d),
      status: d.inbound?.kind === 'deleted' ? 'applied' : 'stale',
      tried: true,
    })),
    leavesRow: true,
  };
}

/** The owner tag on it does not count any more. */
function unmatchedAgain({ mapping }: LoadedStep, ownerTag: string | null): Partial<Effects> {
  return {
    mapping: {
      ...healthy,
      ...becomesUnmatched(),
      internalId: null,
      role: 'primary',
      shadow: {},
      wantedVersion: 0,
      pushedVersion: 0,
      mustRead: true,
      knownEmail: null,
      voidTag: ownerTag ?? mapping.voidTag,
    },
    leavesRow: true,
    release: false,
  };
}

function echoesOrStale(step: LoadedStep, echoes: { eventId: string }[]): DeliveryChange[] {
  const ids = new Set(echoes.map(({ eventId }) => eventId));
  return step.deliveries.map((d) => ({
    ...at(d),
    status: ids.has(d.eventId) ? 'echo' : 'stale',
    tried: true,
  }));
}
