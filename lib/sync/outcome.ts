// Outcomes are data, and this is the one function that turns an outcome into writes. Pure: settle.ts carries them out.
//
// The shadow law: a field of the shadow changes only when both halves are known to be held: ours at the version named, theirs
// as an answer or a read gave it. So an answer moves only the fields that were sent; a field it shows that we did not send and
// that differs is somebody else's edit: the shadow stays, and the next step has to read.
import type { DeliveryChange } from '../../db/deliveries.ts';
import type { IntentResult } from '../../db/intents.ts';
import type { MappingChanges, OpenIntent } from '../../db/mappings/mappings.ts';
import { fullJitter } from '../backoff.ts';
import type { Failure, FieldRule, Written } from '../integrations/integration.ts';
import { aliasEffects, type AliasOutcome } from './alias-outcomes.ts';
import { keptWord, resolutionOf, wordBeside } from './consent.ts';
import { decisionEffects, healthy, type DecisionOutcome } from './decision-outcomes.ts';
import {
  agreedOutbound,
  answeredInbound,
  at,
  carriedBy,
  checkedBy,
  endedDeliveries,
  passedOn,
} from './delivery-outcomes.ts';
import type { Conflict, Plan } from './merge.ts';
import { oursUnmoved, shadowAfterAnswer, shadowOfCreate, type Shadow } from './shadow.ts';
import { oursOf, theirsOf, type Step, type SyncPolicy } from './step.ts';

/** What a merge was made from: said by settles that answer inbound deliveries too. */
export interface Merged {
  plan: Plan;
  /** A GET of this step is behind it. */
  read: boolean;
  echoes: { eventId: string; intentId: string }[];
}

export type Outcome =
  /** Our write took effect. Without `merged` it finished an intent of before, and the step begins again. */
  | { kind: 'answered'; intent: OpenIntent; written: Written; merged: Merged | null }
  /** The merge found nothing to write. */
  | { kind: 'agreed'; merged: Merged }
  /** The pair ended: we deleted there, or there was never anything to delete, or they deleted. */
  | {
      kind: 'ended';
      state: 'tombstoned' | 'detached';
      by: 'ours' | 'theirs';
      intent: OpenIntent | null;
      written: Written | null;
    }
  /** An intent is closed without effect that we know of, but for what of it `stands` there; the step begins again. */
  | { kind: 'abandoned'; intent: OpenIntent; result: IntentResult; mustRead: boolean; stands?: Shadow }
  /** Not now: what is open stays open. */
  | { kind: 'postponed'; failure: Failure; notBefore: Date | null; spent: boolean }
  | { kind: 'parked'; reason: string; detail: Record<string, unknown>; refused: OpenIntent | null }
  /** The row's counterpart was there already: the pair is linked, and the step begins again with a read. `by` made it. */
  | { kind: 'found'; externalId: string; by?: OpenIntent | null }
  /** What was heard is about another record, which looks for itself; the step begins again without it. */
  | { kind: 'passed_on'; externalId: string }
  | AliasOutcome
  | { kind: 'waiting'; reason: string; detail: Record<string, unknown> }
  | DecisionOutcome
  /** A mapping that has nothing to do any more answers for its external id. */
  | { kind: 'stale'; echoes: { eventId: string; intentId: string }[]; conflicts: Conflict[] };

export interface Effects {
  mapping: MappingChanges;
  deliveries: DeliveryChange[];
  closed: { intent: OpenIntent; result: IntentResult; written: Written | null } | null;
  conflicts: Conflict[];
  /** The pair is linked for the first time, to this external id. */
  linked: string | null;
  parked: { reason: string; detail: Record<string, unknown> } | null;
  /** Echoes whose previous values have been looked at: intent -> event. */
  checked: { intentId: string; eventId: string }[];
  /** Echoes, which confirm the deliveries that their intents carried. */
  confirmed: { intentId: string; eventId: string }[];
  /** An alias is no second record of its row any more: a primary that waited because of it looks again. */
  leavesRow: boolean;
  /** The lease ends; else the step begins again under it. */
  release: boolean;
}

export function effectsOf(
  rules: FieldRule[],
  policy: SyncPolicy,
  step: Step,
  outcome: Outcome,
  now: Date,
): Effects {
  const { mapping } = step;
  const effects: Effects = {
    mapping: {},
    deliveries: [],
    closed: null,
    conflicts: [],
    linked: null,
    parked: null,
    checked: [],
    confirmed: [],
    leavesRow: false,
    release: true,
  };
  switch (outcome.kind) {
    case 'answered': {
      const { intent, written, merged } = outcome;
      const before = { ...mapping.shadow, ...merged?.plan.agreed };
      const shadow = written.record
        ? shadowAfterAnswer(rules, before, intent, theirsOf(rules, written.record.fields))
        : { pairs: before, foreign: false };
      const mustRead = shadow.foreign || (mapping.mustRead && merged?.read !== true);
      const done =
        merged !== null &&
        !mustRead &&
        step.row !== null &&
        oursUnmoved(rules, shadow.pairs, oursOf(rules, step.row));
      effects.mapping = {
        ...healthy,
        state: 'linked',
        intent: null,
        shadow: shadow.pairs,
        mustRead,
        pushedVersion: Math.max(mapping.pushedVersion, intent.version),
        ...(done ? { clean: mapping.dirty } : {}),
      };
      effects.closed = { intent, result: 'done', written };
      effects.deliveries = [...carriedBy(step, intent), ...(merged ? answeredInbound(step, merged) : [])];
      if (merged) {
        effects.checked = checkedBy(merged);
        effects.confirmed = merged.echoes;
      }
      if (mapping.externalId === null) effects.linked = written.externalId;
      effects.release = merged !== null;
      return effects;
    }
    case 'agreed': {
      const { merged } = outcome;
      effects.mapping = {
        ...healthy,
        state: 'linked',
        // A pair that agrees has nothing left that a person's decision could be about.
        decision: null,
        mustRead: false,
        shadow: { ...mapping.shadow, ...merged.plan.agreed },
        pushedVersion: Math.max(mapping.pushedVersion, step.row?.version ?? 0),
        clean: mapping.dirty,
      };
      effects.deliveries = [...agreedOutbound(step), ...answeredInbound(step, merged)];
      // Those of pulled fields were stored with the row.
      effects.conflicts = merged.plan.conflicts.filter(
        (c) => c.field === null || !(c.field in merged.plan.pull),
      );
      effects.checked = checkedBy(merged);
      effects.confirmed = merged.echoes;
      return effects;
    }
    case 'ended': {
      const { state, by, intent, written } = outcome;
      effects.mapping = {
        ...healthy,
        state,
        reason: null,
        decision: null,
        intent: null,
        mustRead: false,
        clean: mapping.dirty,
        // It stays there, and is found by this before another one is made.
        ...(state === 'detached' ? { knownEmail: mapping.shadow['email']?.theirs ?? null } : {}),
      };
      if (intent) {
        effects.mapping.pushedVersion = Math.max(mapping.pushedVersion, intent.version);
        effects.closed = { intent, result: 'done', written };
      } else if (mapping.intent) {
        effects.closed = { intent: mapping.intent, result: 'unknown', written: null };
      }
      effects.deliveries = endedDeliveries(step, by, intent);
      return effects;
    }
    case 'abandoned':
      effects.mapping = { intent: null, mustRead: mapping.mustRead || outcome.mustRead };
      // An answer ends a time of failing; one that was never sent has had none.
      if (outcome.result !== 'not_needed')
        Object.assign(effects.mapping, { attempts: 0, firstFailedAt: null });
      if (outcome.stands) effects.mapping.shadow = { ...mapping.shadow, ...outcome.stands };
      effects.closed = { intent: outcome.intent, result: outcome.result, written: null };
      effects.release = false;
      return effects;
    case 'postponed': {
      const { failure, notBefore, spent } = outcome;
      const wait = fullJitter(mapping.attempts + 1, policy.backoff);
      const earliest = now.getTime() + Math.max(failure.retryAfterMs ?? 0, wait);
      effects.mapping = {
        // With a decision that is not carried out yet the pair stays where it was.
        ...(resolutionOf(mapping) === null && (mapping.state === 'parked' || mapping.state === 'waiting')
          ? {
              state: mapping.externalId === null || mapping.internalId === null ? 'pending' : 'linked',
              reason: null,
              reasonDetail: keptWord(mapping),
            }
          : {}),
        attempts: mapping.attempts + 1,
        // Waiting for a turn is not failing; nor is a wrong key the entity's own failure.
        firstFailedAt:
          mapping.firstFailedAt ?? (failure.kind === 'throttle' || failure.kind === 'auth' ? null : now),
        lastError: errorRow(failure),
        nextAttemptAt: new Date(Math.max(earliest, notBefore?.getTime() ?? 0)),
        // As the step knows it: when it was sent, and what was learned of it.
        ...(mapping.intent ? { intent: { ...mapping.intent, ...(spent && { spent: failure.code }) } } : {}),
      };
      effects.deliveries = step.deliveries.map((d): DeliveryChange => ({
        ...at(d),
        status: 'queued',
        error: errorRow(failure),
        tried: true,
      }));
      return effects;
    }
    case 'parked': {
      const { reason, detail, refused } = outcome;
      effects.mapping = {
        ...healthy,
        state: 'parked',
        reason,
        reasonDetail: { ...keptWord(mapping), ...detail },
        lastError: detail,
        clean: mapping.dirty,
        ...(refused ? { intent: null } : {}),
      };
      if (refused) effects.closed = { intent: refused, result: 'refused', written: null };
      effects.deliveries = step.deliveries.map((d): DeliveryChange => ({
        ...at(d),
        status: 'parked',
        error: { code: reason, ...detail },
        tried: true,
      }));
      effects.parked = { reason, detail };
      return effects;
    }
    case 'waiting':
      // Waiting is not failing: what failed before it begins anew after it.
      effects.mapping = {
        ...healthy,
        state: 'waiting',
        reason: outcome.reason,
        reasonDetail: { ...wordBeside(mapping, outcome.detail), ...outcome.detail },
        clean: mapping.dirty,
      };
      effects.deliveries = step.deliveries.map((d): DeliveryChange => ({
        ...at(d),
        status: 'waiting',
        tried: false,
      }));
      return effects;
    case 'found':
      effects.mapping = { ...healthy, state: 'linked', decision: null, mustRead: true };
      if (outcome.by) {
        Object.assign(effects.mapping, { intent: null, shadow: shadowOfCreate(outcome.by) });
        effects.closed = { intent: outcome.by, result: 'done', written: null };
      }
      effects.linked = outcome.externalId;
      effects.release = false;
      return effects;
    case 'still_there':
    case 'begun_anew':
    case 'set_aside':
    case 'refused':
      return { ...effects, ...decisionEffects(step, outcome) };
    case 'passed_on':
      effects.deliveries = passedOn(step, outcome.externalId);
      effects.release = false;
      return effects;
    case 'alias':
    case 'alias_stays':
    case 'alias_left':
      return aliasEffects(effects, healthy, step, outcome);
    case 'stale': {
      const echoes = new Set(outcome.echoes.map(({ eventId }) => eventId));
      effects.mapping = { clean: mapping.dirty, mustRead: false, attempts: 0, firstFailedAt: null };
      effects.deliveries = step.deliveries.map((d): DeliveryChange => ({
        ...at(d),
        status: echoes.has(d.eventId) ? 'echo' : 'stale',
        tried: false,
      }));
      effects.confirmed = outcome.echoes;
      effects.conflicts = outcome.conflicts;
      return effects;
    }
  }
}

export function errorRow(failure: Failure): Record<string, unknown> {
  const { kind, code, message, status, requestId, field } = failure;
  return { kind, code, message, status, request_id: requestId, field };
}
