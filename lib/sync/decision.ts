// Carries out what a person has decided about a pair that is stuck (lib/operations/resolutions.ts takes the decision): its record is gone and
// the row gets a new one (`recreate`), or another record is the row's (`record`).
//
// A person's statement is not taken for a fact about the other side: the record is read first. If it is there after all, the decision is
// over and the pair is read as any other, so a row never gets a second living record by it. If it is not there, one transaction ends the
// pair, which goes on answering for the old id, and begins a new one for the row; the create that follows has an intent of its own.
//
// A crash before that transaction leaves the decision, and the record is read again. After it the new pair is dirty, and the row's
// open changes are with it: neither two records come of it, nor none.
import { findByMark } from '../../db/mappings/adopt.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { adoptSuccessor, detachMapping, insertSuccessor } from '../../db/mappings/decisions.ts';
import { insertLinkedEvent } from '../../db/events/events.ts';
import { forgetRecord, raiseAwaiting } from '../../db/external-records.ts';
import { insertAttempts, insertClosedIntent } from '../../db/intents.ts';
import { lockForLink, lockMapping, type Decision, type Mapping } from '../../db/mappings/mappings.ts';
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord, Fetched } from '../integrations/integration.ts';
import { isUuid, newEventId } from '../uuid.ts';
import { damageOf, intentDamage } from './damage.ts';
import { postpone } from './failing.ts';
import { fetchTheirs, type Answer } from './intent.ts';
import { keepLeftRecord } from './left-record.ts';
import { giveBack, type Next } from './next.ts';
import { foresee } from './rehearsal.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';

/** Whether the open intent is nothing that a decision waits for: no step can finish it. */
export function isBeyondFinishing({ intent, reason }: Pick<Mapping, 'intent' | 'reason'>): boolean {
  return intent !== null && (reason === 'create_unknown' || intentDamage(intent) !== null);
}

/** The row lives; null record ids and damaged columns are no hindrance. */
export async function carryOut(deps: SyncDeps, step: Step, decision: Decision): Promise<Next> {
  const { mapping } = step;
  // Closed by itself and first: a read that fails after it finds no intent that would have to be finished before the decision.
  if (mapping.intent) return settle(deps, step, { kind: 'set_aside' });
  const named = decision.kind === 'record' ? (decision.external_id ?? null) : null;
  if (named !== null && named !== mapping.externalId) return takeRecord(deps, step, named);
  const { externalId } = mapping;
  if (externalId === null && mapping.pushedVersion === 0) return settle(deps, step, { kind: 'begun_anew' });
  if (externalId === null || damageOf(mapping)?.column === 'external_id') return replace(deps, step, null);
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  await failpoint('decision.read');
  if (!answer.ok && !isOfNoRecord(answer)) return postpone(deps, step, answer.failure);
  if (answer.ok && answer.value.state === 'present') return settle(deps, step, { kind: 'still_there' });
  return named === null ? replace(deps, step, null) : refuse(deps, step, named, 'missing');
}

/** An id that can stand in no request is no record's. */
export function isOfNoRecord(answer: Answer<Fetched>): boolean {
  return !answer.ok && answer.failure.kind === 'permanent' && answer.failure.code === 'unsendable';
}

/** The named record becomes the row's, if it is there and nobody else's; the merge that follows has no base. */
async function takeRecord(deps: SyncDeps, step: Step, externalId: string): Promise<Next> {
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  await failpoint('decision.read');
  if (!answer.ok) {
    return isOfNoRecord(answer)
      ? refuse(deps, step, externalId, 'unsendable')
      : postpone(deps, step, answer.failure);
  }
  const { value } = answer;
  if (value.state !== 'present') return refuse(deps, step, externalId, value.state);
  const why = await whoseElse(deps, step, value.record);
  if (why !== null) return refuse(deps, step, externalId, why);
  const { mapping } = step;
  if (mapping.externalId === null && mapping.pushedVersion === 0)
    return settle(deps, step, { kind: 'found', externalId });
  return replace(deps, step, externalId);
}

async function whoseElse(
  deps: SyncDeps,
  { mapping, row }: Step,
  { mark, foreignMark }: ExternalRecord,
): Promise<string | null> {
  if (mark === null) return foreignMark ? 'other_environment' : null;
  if (mark === row?.createdEventId || !isUuid(mark)) return null;
  const owner = await findByMark(deps.db, mapping, mark);
  // A mark that names no row, or a row without a record, is nobody else's claim.
  return owner !== null && owner.externalId !== null && !owner.ended ? 'marked_for_another' : null;
}

/** The decision cannot be carried out: it is over, and the pair stays where it was, with what was tried. */
function refuse(deps: SyncDeps, step: Step, tried: string, why: string): Promise<Next> {
  const { reason, reasonDetail, externalId } = step.mapping;
  return settle(deps, step, {
    kind: 'refused',
    reason: reason ?? 'missing',
    detail: { ...reasonDetail, external_id: externalId, tried, why },
  });
}

async function replace(deps: SyncDeps, step: Step, externalId: string | null): Promise<Next> {
  const now = deps.clock.now();
  const { mapping, claim } = step;
  const { decision } = mapping;
  foresee(deps, () => ({ would: 'resolve', decision: decision?.kind ?? 'none' }));
  const result = await withTransaction(deps.db, async (tx): Promise<'replaced' | 'lost' | 'taken'> => {
    const found =
      externalId === null
        ? { own: await lockMapping(tx, claim.id, claim.fence), other: null }
        : await lockForLink(tx, { ...mapping, fence: claim.fence }, externalId);
    if (!found?.own) return 'lost';
    const { own, other } = found;
    if (other && (other.internalId !== null || other.intent !== null || hasEnded(other))) return 'taken';
    await insertAttempts(tx, step.attempts);
    if (own.intent && intentDamage(own.intent) === null)
      await insertClosedIntent(tx, {
        ...own.intent,
        ...{
          mappingId: own.id,
          closedAt: now,
          result: 'unknown',
          externalId: own.externalId,
          requestId: null,
        },
      });
    const detail = { replaced: externalId ?? true, by: decision?.by, at: decision?.at, why: decision?.why };
    if (externalId !== null) await keepLeftRecord(tx, own, { now, leave: true });
    // It is gone there, so no new one is its double.
    else if (own.externalId !== null) await forgetRecord(tx, own, own.externalId);
    await detachMapping(tx, { id: own.id, detail, now, ours: 'carried' });
    await (other ? adoptSuccessor(tx, own, other.id, now) : insertSuccessor(tx, own, externalId));
    if (externalId !== null && own.internalId !== null) {
      const { system, account, internalId: customerId } = own;
      await insertLinkedEvent(tx, { eventId: newEventId(now), customerId, system, now });
      await raiseAwaiting(tx, { system, account, externalId, now });
    }
    await failpoint('decision.before-commit');
    return 'replaced';
  });
  await failpoint('decision.replaced');
  if (result === 'taken' && externalId !== null) return refuse(deps, step, externalId, 'another_customers');
  if (result !== 'replaced') return 'done';
  deps.log.warn('decision.carried_out', {
    ...{ mapping: mapping.id, customer: mapping.internalId, decision: decision?.kind },
    ...{ old: mapping.externalId, external_id: externalId, by: decision?.by, why: decision?.why },
  });
  if (externalId !== null) deps.nudge();
  return 'done';
}

function hasEnded({ state }: Mapping): boolean {
  return state === 'tombstoned' || state === 'detached' || state === 'alias';
}
