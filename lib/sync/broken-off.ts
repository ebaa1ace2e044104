// A step that broke off: the database went away, a row holds what none should, or a fault of ours.
// It is tried again, ever more rarely; one that has broken off for as long as any customer may fail
// is parked, so that a person looks. Its neighbours flow.
//
// A crash before the commit leaves the lease to run out, and the step is taken, and breaks off,
// once more.
import { withTransaction } from '../../db/server/connection.ts';
import { backOffBroken, readBreaking, type Breaking } from '../../db/mappings/broken-off.ts';
import { parkBroken } from '../../db/mappings/writes/broken-off.ts';
import { insertParkedEvent } from '../../db/events/events.ts';
import { fullJitter } from '../backoff.ts';
import { describeFault } from '../describe-fault.ts';
import { newEventId } from '../uuid.ts';
import { readStoppedMs } from '../../db/limits/stoppages.ts';
import { isTooLong } from './failing.ts';
import type { Claim, SyncDeps } from './step.ts';

const REASON = 'broken_off';
const LEAST_WAIT_MS = 1_000;

export async function breakOff(deps: SyncDeps, { id, fence }: Claim, error: unknown): Promise<void> {
  const { db, clock, policy, log } = deps;
  const fault = describeFault(error);
  log.warn('reconcile.broke_off', { mapping: id, ...fault });
  const breaking = await readBreaking(db, id, fence);
  if (!breaking) return;
  const now = clock.now();
  if (!(await hasFailedTooLong(deps, breaking, now))) {
    const wait = LEAST_WAIT_MS + fullJitter(breaking.attempts + 1, policy.backoff);
    const until = new Date(now.getTime() + wait);
    return backOffBroken(db, { id, fence, until, now, error: { kind: REASON, ...fault } });
  }
  const detail = { ...fault, since: breaking.firstFailedAt, message: TO_BE_SAID };
  const told = await withTransaction(db, async (tx) => {
    const parked = await parkBroken(tx, { id, fence, reason: { code: REASON, detail } });
    if (!parked) return null;
    const { system, entityType, entityKey, entityId } = parked;
    for (const parkedEventId of parked.eventIds) {
      await insertParkedEvent(tx, {
        ...{ eventId: newEventId(now), system, entityType, entityKey, entityId, parkedEventId },
        ...{ reason: REASON, detail, now },
      });
    }
    return parked;
  });
  if (told) deps.measures?.parkedBroken(told.system, told.eventIds.length);
  if (told) log.warn('reconcile.parked', { mapping: id, entity: told.entityKey, reason: REASON, ...fault });
  deps.nudge();
}

async function hasFailedTooLong(
  { db, policy }: SyncDeps,
  { system, account, firstFailedAt: since }: Breaking,
  now: Date,
): Promise<boolean> {
  if (since === null) return false;
  const stoppedMs = await readStoppedMs(db, { system, account, since, now });
  return isTooLong(now.getTime() - since.getTime(), stoppedMs, policy.parkAfterMs);
}

const TO_BE_SAID =
  'every step for it broke off: see the fault and where it was; once that is fixed: twinbox replay';
