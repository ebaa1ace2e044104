// Settles one outcome in one transaction, and only if the lease's fence still holds.
//
// Guarantees: the closed intent, the shadow, the outcome of every delivery, the conflicts and the
// events that an outcome makes are stored together or not at all; a worker whose lease was taken
// over writes nothing. A crash before the commit leaves everything as the step loaded it: the open
// intent is sent again under its key, a read is repeated. A crash after it leaves nothing to do but
// what the mapping's dirty number says.
import type { Entity } from '../../catalogue/entity.ts';
import { goOnIfNamed, raiseReferring } from '../references.ts';
import { withTransaction, type Tx } from '../../../db/server/connection.ts';
import { lockWithRow, raiseHeldPrimary } from '../../../db/mappings/aliases.ts';
import { insertConflicts } from '../../../db/conflicts.ts';
import { settleDeliveries } from '../../../db/deliveries.ts';
import { insertLinkedEvent, insertParkedEvent } from '../../../db/events/events.ts';
import {
  confirmDeliveries,
  insertAttempts,
  insertClosedIntent,
  markEchoesChecked,
} from '../../../db/closed-intents.ts';
import {
  absorbMapping,
  lockForLink,
  isExternalIdTaken,
  lockMapping,
  type Mapping,
} from '../../../db/mappings/mappings.ts';
import { releaseMapping } from '../../../db/mappings/claims.ts';
import { codeOf } from '../../../db/mappings/reason.ts';
import { entityKey, hasEnded } from '../../../db/mappings/state.ts';
import { parkedAsTaken } from '../../../db/mappings/writes/state-change.ts';
import { updateMapping } from '../../../db/mappings/writes/update.ts';
import { keepRecords, raiseAwaiting } from '../../../db/external-records.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import { pauseHasEnded } from '../paused.ts';
import { damageOf } from '../damage.ts';
import { conflictRows, duplicate } from '../conflicts.ts';
import { at } from './delivery-outcomes.ts';
import { identityOf, knownIdentity } from '../identity.ts';
import { askedMeanwhile, changesIdentities, closedBy, foreignEdit, settleAtOnce } from './at-once.ts';
import { leaveLoser } from './moved.ts';
import { succeed } from './succeed.ts';
import { effectsOf } from './writes.ts';
import type { Effects, Outcome } from './outcome.ts';
import { report, sayParked } from './report.ts';
import type { Step, SyncDeps } from '../step.ts';

/**
 * Carries an outcome out. `load` if the lease was kept: the step begins again; a lost lease writes
 * nothing and ends it.
 */
export async function settle(deps: SyncDeps, step: Step, outcome: Outcome): Promise<'load' | 'over'> {
  const now = deps.clock.now();
  const mapped = { rules: deps.integration.document.fields, entity: deps.entity };
  const effectsNow = (): Effects => effectsOf(mapped, deps.policy, step, outcome, now);
  await failpoint('settle.before');
  const effects =
    (await settleAtOnce(deps, step, effectsNow(), now)) ??
    (await lookAgainIfTaken(() =>
      withTransaction(deps.db, async (tx) => {
        if (await pauseHasEnded(tx, deps, outcome)) return 'resumed';
        const fresh = effectsNow();
        const mapping = await lock(tx, step, fresh);
        if (!mapping) return null;
        await write(tx, deps, step, mapping, fresh, now);
        await failpoint('settle.before-commit');
        return fresh;
      }),
    ));
  await failpoint('settle.after');
  if (effects === 'resumed') {
    await releaseMapping(deps.db, step.claim.id, step.claim.fence);
    return 'over';
  }
  if (!effects) {
    deps.log.warn('reconcile.lease_lost', { mapping: step.mapping.id, fence: step.claim.fence });
    return 'over';
  }
  if (effects.linked !== null || effects.parked) deps.nudge();
  if (effects.parked) sayParked(deps, step, effects.parked);
  report(deps, step, outcome, effects);
  // Stored: a step that goes on under the same lease stores none of them again.
  step.attempts = [];
  return effects.release ? 'over' : 'load';
}

async function write(
  tx: Tx,
  deps: SyncDeps,
  step: Step,
  mapping: Mapping,
  effects: Effects,
  now: Date,
): Promise<void> {
  await insertAttempts(tx, step.attempts);
  const closed = closedBy(step, effects, now);
  if (closed) await insertClosedIntent(tx, closed);
  const changes = { ...effects.mapping, ...askedMeanwhile(step, mapping), ...foreignEdit(mapping, effects) };
  await updateMapping(tx, mapping.id, changes, { release: effects.release });
  await goOnIfNamed(tx, mapping, effects.mapping, now);
  effects.settled = await settleDeliveries(tx, effects.deliveries, now);
  await markEchoesChecked(tx, effects.checked);
  effects.echoed = await confirmDeliveries(tx, effects.confirmed, now);
  const internalId = effects.mapping.internalId ?? mapping.internalId;
  await insertConflicts(tx, conflictRows(step, effects.conflicts, now, internalId));
  if (effects.succeeded) await succeed(tx, mapping);
  const { movedFrom: from, linked: into } = effects;
  if (from !== null && into !== null) await leaveLoser(tx, mapping, { from, into });
  if (effects.leavesRow) await raiseHeldPrimary(tx, mapping, now);
  await writeEvents(tx, deps, step, effects, now);
  await raiseBeside(tx, deps.entity, mapping, effects, now);
  if (hasEnded(effects.mapping)) await keepWhatIsLeft(tx, deps.entity, step, effects, now);
}

/**
 * Another row may wait because a record has its identity. It looks again once the record is found to
 * be this row's, whose identity it may get, or has another identity than before.
 */
async function raiseBeside(
  tx: Tx,
  entity: Entity,
  mapping: Mapping,
  effects: Effects,
  now: Date,
): Promise<void> {
  const { system, account } = mapping;
  const externalId = effects.linked ?? mapping.externalId;
  if (externalId !== null && changesIdentities(entity, mapping, effects))
    await raiseAwaiting(tx, { system, account, externalId, now });
}

/**
 * A record that a pair leaves at the system is found before another one like it is made; one that
 * went with it frees who waited.
 */
async function keepWhatIsLeft(
  tx: Tx,
  entity: Entity,
  { mapping }: Step,
  effects: Effects,
  now: Date,
): Promise<void> {
  const { system, account, externalId, shadow } = mapping;
  if (externalId === null) return;
  // Where the record was deleted, it is not left there.
  const isLeft = effects.mapping.state === 'detached' && !effects.mapping.ending;
  if (isLeft && damageOf(mapping) === null) {
    const identity = identityOf(knownIdentity(entity, shadow));
    // A delete that leaves the record at the system is also the decision about that record.
    await keepRecords(tx, mapping, [{ externalId, identity, createdAt: now, decision: 'leave' }]);
  }
  await raiseAwaiting(tx, { system, account, externalId, now });
}

/**
 * A unique violation on an external id is an answer: receive has just made a mapping for it, which
 * the next look finds.
 */
async function lookAgainIfTaken<T>(work: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await work();
    } catch (error) {
      if (looks >= MAX_LOOKS || !isExternalIdTaken(error)) throw error;
    }
  }
}

const MAX_LOOKS = 5;

/**
 * If the external id is new to our mapping, the other mapping of that record is locked too, in
 * order of id, and absorbed.
 */
async function lock(tx: Tx, step: Step, effects: Effects): Promise<Mapping | null> {
  if (effects.leavesRow) return lockWithRow(tx, step.claim);
  if (effects.linked === null) return lockMapping(tx, step.claim.id, step.claim.fence);
  const locked = await lockForLink(tx, { ...step.mapping, fence: step.claim.fence }, effects.linked);
  if (!locked) return null;
  const { own, other } = locked;
  if (other === null) {
    effects.mapping.externalId = effects.linked;
  } else if (other.intent === null && isNoOthers(other, own, effects)) {
    await absorbMapping(tx, other, own);
    effects.mapping.externalId = effects.linked;
    delete effects.mapping.clean; // the events of the other mapping are not decided yet
    // What was settled there, or only asked for, is in no delivery any more.
    if (other.clean > 0 || other.mustRead) effects.mapping.mustRead = true;
  } else {
    keepApart(step, own, effects, { external_id: effects.linked, mapping: other.id });
  }
  return effects.mapping.externalId === undefined
    ? own
    : { ...own, dirty: own.dirty + (other ? Math.max(1, other.dirty) : 0) };
}

/**
 * Whether the record's mapping stands for no row; or for this row too, which moves to it; or for one
 * that the record is no record of any more, since it was merged into another one.
 */
function isNoOthers(other: Mapping, own: Mapping, { movedFrom }: Effects): boolean {
  const isOwn = movedFrom !== null && other.internalId === own.internalId;
  return other.internalId === null || isOwn || (other.state === 'alias' && other.mergedInto !== null);
}

/**
 * Another row is linked with that record: an operator has to decide which row it belongs to.
 * Nothing is created or deleted until then.
 */
function keepApart(
  step: Step,
  own: Mapping,
  effects: Effects,
  detail: { external_id: string; mapping: number },
): void {
  const { intent } = effects.mapping;
  effects.mapping = {
    ...(intent === undefined ? {} : { intent }),
    ...parkedAsTaken(detail),
    attempts: 0,
    firstFailedAt: null,
    nextAttemptAt: null,
    clean: own.dirty,
  };
  effects.deliveries = step.deliveries.map((d) => ({
    ...at(d),
    status: 'parked',
    error: { code: 'external_id_taken', ...detail },
    tried: true,
  }));
  effects.parked = { code: 'external_id_taken', detail };
  effects.conflicts.push(duplicate(null, detail.external_id));
  effects.linked = null;
  effects.release = true;
}

async function writeEvents(tx: Tx, deps: SyncDeps, step: Step, effects: Effects, now: Date): Promise<void> {
  const { mapping } = step;
  if (effects.linked && mapping.internalId !== null) {
    await insertLinkedEvent(tx, {
      eventId: newEventId(now),
      entityType: mapping.entityType,
      customerId: mapping.internalId,
      system: mapping.system,
      now,
    });
    await raiseReferring(tx, deps, mapping, { id: mapping.internalId, externalId: effects.linked, now });
  }
  if (!effects.parked) return;
  // One notice for each delivery: those that were parked before have had theirs.
  for (const delivery of step.deliveries.filter((d) => d.status !== 'parked')) {
    await insertParkedEvent(tx, {
      eventId: newEventId(now),
      entityType: mapping.entityType,
      entityKey: entityKey(mapping),
      entityId: mapping.internalId,
      system: mapping.system,
      parkedEventId: delivery.eventId,
      reason: codeOf(effects.parked),
      detail: { ...effects.parked.detail },
      now,
    });
  }
}
