// A person decided that the pair's record is gone, or that another record is the row's: one
// transaction ends the pair, which goes on answering for the old id, and begins a new one for the
// row.
//
// A crash before that transaction leaves the decision, and the record is read again. After it the
// new pair is dirty, and the row's open changes are with it: neither two records come of it, nor
// none.
import { insertLinkedEvent } from '../../../db/events/events.ts';
import { forgetRecord, raiseAwaiting } from '../../../db/external-records.ts';
import { insertConflicts } from '../../../db/conflicts.ts';
import { insertAttempts, insertClosedIntent, markEchoesChecked } from '../../../db/closed-intents.ts';
import { adoptSuccessor, detachMapping, insertSuccessor } from '../../../db/mappings/writes/decisions.ts';
import type { Decision, DecisionNote, Ending } from '../../../db/mappings/consent.ts';
import { lockForLink, lockMapping, type Mapping } from '../../../db/mappings/mappings.ts';
import { withTransaction, type Tx } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import type { OurWrite } from '../action.ts';
import { conflictRows } from '../conflicts.ts';
import { checkedBy } from '../covered.ts';
import { intentDamage } from '../damage.ts';
import { keepLeftRecord } from '../left-record.ts';
import { isInactive } from '../../../db/mappings/state.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Performed } from './performed.ts';

/** `externalId`: the record of the new pair; null where the row gets a new one. */
type Replacement = Extract<OurWrite, { write: 'replace' }>;

export async function replace(deps: SyncDeps, step: Step, asked: Replacement): Promise<Performed> {
  const { externalId } = asked;
  const { mapping } = step;
  const { decision } = mapping;
  const result = await withTransaction(deps.db, (tx) => beginAnew(deps, step, tx, asked));
  await failpoint('decision.replaced');
  if (result === 'lost') return 'over';
  if (result === 'taken') {
    step.progress = { ...step.progress, obstacle: 'taken' };
    return 'decide';
  }
  deps.measures?.attempted(mapping.system, step.attempts, mapping.attempts > 0);
  deps.log.warn('decision.carried_out', {
    ...{ mapping: mapping.id, customer: mapping.internalId, decision: decision?.kind },
    ...{ old: mapping.externalId, external_id: externalId, by: decision?.by, why: decision?.why },
  });
  if (externalId !== null) deps.nudge();
  return 'over';
}

async function beginAnew(
  deps: SyncDeps,
  step: Step,
  tx: Tx,
  { externalId, covered }: Replacement,
): Promise<'replaced' | 'lost' | 'taken'> {
  const now = deps.clock.now();
  const { mapping, claim } = step;
  const { decision } = mapping;
  const found =
    externalId === null
      ? { own: await lockMapping(tx, claim.id, claim.fence), other: null }
      : await lockForLink(tx, { ...mapping, fence: claim.fence }, externalId);
  if (!found?.own) return 'lost';
  const { own, other } = found;
  if (other && (other.internalId !== null || other.intent !== null || isInactive(other))) return 'taken';
  await insertAttempts(tx, step.attempts);
  await closeIntent(tx, own, now);
  await insertConflicts(tx, conflictRows(step, covered, now));
  await markEchoesChecked(tx, checkedBy(covered));
  const ending: Ending = { kind: 'replaced', replaced: externalId ?? true, ...noteOf(decision) };
  if (externalId !== null) await keepLeftRecord(tx, deps.entity, own, { now, leave: true });
  // The old record is gone at the system, so no new one is its double.
  else if (own.externalId !== null) await forgetRecord(tx, own, own.externalId);
  await detachMapping(tx, { id: own.id, ending, now, ours: 'carried' });
  await (other ? adoptSuccessor(tx, own, other.id, now) : insertSuccessor(tx, own, externalId));
  if (externalId !== null && own.internalId !== null) {
    const { system, account, internalId: customerId } = own;
    await insertLinkedEvent(tx, {
      eventId: newEventId(now),
      entityType: own.entityType,
      customerId,
      system,
      now,
    });
    await raiseAwaiting(tx, { system, account, externalId, now });
  }
  await failpoint('decision.before-commit');
  return 'replaced';
}

/** Who decided, when and why, as far as the decision says. */
function noteOf(decision: Decision | null): Partial<DecisionNote> {
  const { by, at, why } = decision ?? {};
  return {
    ...(by !== undefined && { by }),
    ...(at !== undefined && { at }),
    ...(why !== undefined && { why }),
  };
}

async function closeIntent(tx: Tx, { id: mappingId, intent, externalId }: Mapping, now: Date): Promise<void> {
  if (!intent || intentDamage(intent) !== null) return;
  const closed = { mappingId, closedAt: now, result: 'unknown', externalId, requestId: null } as const;
  await insertClosedIntent(tx, { ...intent, ...closed });
}
