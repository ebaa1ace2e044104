// The outcomes of a step about a second record of a row, as writes. Pure, and a part of lib/sync/outcome.ts.
import type { MappingChanges } from '../../db/mappings/mappings.ts';
import type { DeliveryChange } from '../../db/deliveries.ts';
import type { Value } from '../integrations/integration.ts';
import { duplicate } from './conflicts.ts';
import { at } from './delivery-outcomes.ts';
import type { Conflict } from './merge.ts';
import type { Effects } from './outcome.ts';
import type { Step } from './step.ts';

export type AliasOutcome =
  /** A second record for a row that has its counterpart. `email`: the record's, as it was read. */
  | { kind: 'alias'; customerId: number; primary: string | null; email: Value }
  /** It was looked at, and is what it was. */
  | {
      kind: 'alias_stays';
      email: Value;
      echoes: { eventId: string; intentId: string }[];
      conflicts: Conflict[];
    }
  /** It was deleted there; or it has an email of its own, and the step begins again as for any unmatched record. */
  | { kind: 'alias_left'; to: 'gone' }
  | { kind: 'alias_left'; to: 'unmatched'; mark: string | null };

export function aliasEffects(
  effects: Effects,
  healthy: MappingChanges,
  step: Step,
  outcome: AliasOutcome,
): Effects {
  const { mapping } = step;
  const all = (status: (kind: unknown) => DeliveryChange['status']): DeliveryChange[] =>
    step.deliveries.map((d) => ({ ...at(d), status: status(d.inbound?.['kind']), tried: true }));
  switch (outcome.kind) {
    case 'alias':
      effects.mapping = {
        ...healthy,
        internalId: outcome.customerId,
        role: 'alias',
        state: 'alias',
        mustRead: false,
        clean: mapping.dirty,
        knownEmail: outcome.email,
      };
      effects.deliveries = all(() => 'conflict');
      effects.conflicts = [duplicate(outcome.primary, mapping.externalId)];
      return effects;
    case 'alias_stays': {
      const echoes = new Set(outcome.echoes.map(({ eventId }) => eventId));
      effects.mapping = { ...healthy, mustRead: false, clean: mapping.dirty, knownEmail: outcome.email };
      effects.deliveries = all(() => 'stale').map((change): DeliveryChange =>
        echoes.has(change.eventId) ? { ...change, status: 'echo' } : change,
      );
      effects.confirmed = outcome.echoes;
      effects.conflicts = outcome.conflicts;
      return effects;
    }
    case 'alias_left':
      effects.leavesRow = true;
      if (outcome.to === 'gone') {
        effects.mapping = {
          ...healthy,
          state: 'tombstoned',
          mustRead: false,
          clean: mapping.dirty,
          knownEmail: null,
        };
        effects.deliveries = all((kind) => (kind === 'deleted' ? 'applied' : 'stale'));
        return effects;
      }
      effects.mapping = {
        ...healthy,
        internalId: null,
        role: 'primary',
        state: 'pending',
        shadow: {},
        wantedVersion: 0,
        pushedVersion: 0,
        mustRead: true,
        knownEmail: null,
        voidMark: outcome.mark ?? mapping.voidMark,
      };
      effects.release = false;
      return effects;
  }
}
