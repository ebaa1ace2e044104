// Most outcomes write nothing beside the pair, its calls and its deliveries: they are settled by one statement, which
// decides by the mapping as the step loaded it. If the mapping has changed since, or the database refuses the statement,
// nothing was stored, and settle.ts locks the mapping and writes in a transaction.
import { settleStep } from '../../../db/mappings/writes/settle-step.ts';
import type { ClosedIntent } from '../../../db/closed-intents.ts';
import type { Mapping } from '../../../db/mappings/mappings.ts';
import { hasEnded } from '../../../db/mappings/state.ts';
import { sqlState } from '../../../db/server/errors.ts';
import type { Entity } from '../../catalogue/entity.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import { identityOf } from '../identity.ts';
import { isReferredTo } from '../kind.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Effects } from './outcome.ts';

/** The effects as they were stored; null if nothing was. */
export async function settleAtOnce(
  deps: SyncDeps,
  step: Step,
  effects: Effects,
  now: Date,
): Promise<Effects | null> {
  const { mapping } = step;
  if (!isPlain(deps, step, effects)) return null;
  await failpoint('settle.before-commit');
  try {
    const stored = await settleStep(deps.db, {
      mapping,
      changes: { ...effects.mapping, ...foreignEdit(mapping, effects) },
      release: effects.release,
      attempts: step.attempts,
      closed: closedBy(step, effects, now),
      deliveries: effects.deliveries,
      checked: effects.checked[0],
      confirmed: effects.confirmed[0],
      linked: effects.linked === null ? null : { externalId: effects.linked, eventId: newEventId(now) },
      now,
    });
    return stored && { ...effects, ...stored };
  } catch (error) {
    // The record has just got a mapping of its own, for example; without a state it may have been stored.
    if (sqlState(error) === undefined) throw error;
    return null;
  }
}

function isPlain(deps: SyncDeps, { mapping }: Step, effects: Effects): boolean {
  const { linked, movedFrom, parked, leavesRow, succeeded, conflicts, checked, confirmed } = effects;
  const isMore = movedFrom !== null || parked !== null || leavesRow || succeeded || conflicts.length > 0;
  // A pair that waits looks first whether what it waits for is there by now.
  if (isMore || effects.mapping.state === 'waiting' || hasEnded(effects.mapping)) return false;
  if (changesIdentities(deps.entity, mapping, effects)) return false;
  if (linked !== null && (mapping.internalId === null || isReferredTo(deps))) return false;
  return checked.length <= 1 && confirmed.length <= 1 && !confirmsItsOwn(effects);
}

/** A statement updates a row once: an echo of a request that is settled here is confirmed after it. */
function confirmsItsOwn({ closed, deliveries, checked, confirmed }: Effects): boolean {
  const own = new Set([closed?.intent.id, ...deliveries.map(({ intentId }) => intentId)]);
  return [...checked, ...confirmed].some(({ intentId }) => own.has(intentId));
}

/** Whether the record is found to be this row's, or has another identity than before. */
export function changesIdentities({ identity }: Entity, { shadow }: Mapping, effects: Effects): boolean {
  const after = effects.mapping.shadow?.[identity ?? ''];
  // Without a new one the old one is not looked at: it may be damaged.
  const before = after && shadow[identity ?? ''];
  const hasMoved = before && identityOf(before.theirs) !== identityOf(after.theirs);
  return hasMoved === true || (effects.linked !== null && !effects.release);
}

/** A read that was asked for after this step had loaded is still to be done. */
export function askedMeanwhile(step: Step, mapping: Mapping): { mustRead?: true } {
  return mapping.mustRead && mapping.dirty !== step.mapping.dirty ? { mustRead: true } : {};
}

/**
 * Another client's edit that showed in an answer is looked at in the next step, unless this one
 * goes on by itself, or the pair waits.
 */
export function foreignEdit(mapping: Mapping, { mapping: changes, release }: Effects): { dirty?: number } {
  if (changes.state === 'waiting') return {};
  return release && changes.mustRead === true && !mapping.mustRead ? { dirty: mapping.dirty + 1 } : {};
}

/** The intent that the outcome closes. */
export function closedBy(step: Step, { closed, linked }: Effects, now: Date): ClosedIntent | null {
  if (!closed) return null;
  const { intent, result, written } = closed;
  return {
    ...intent,
    mappingId: step.mapping.id,
    closedAt: now,
    result,
    externalId: written?.externalId ?? linked ?? step.mapping.externalId,
    requestId: written?.requestId ?? null,
  };
}
