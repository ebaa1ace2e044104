// Receive: events from the bus become deliveries, and raise the dirty numbers of their mappings, in
// one short transaction per batch.
//
// Guarantees: one delivery per event and target, however often the event comes; the same result for
// every order of the events; no external call while a bus offset is held. After a crash before the
// commit the batch comes again; after the commit a repeat changes nothing. The batch is halved
// until an event that the database refuses is found, and its name is noted; its pair is raised all
// the same, and the other events are stored.
import { withTransaction } from '../../db/server/connection.ts';
import {
  raiseWithoutDelivery,
  receiveInternalEvents,
  type InternalEvent,
  type Target,
} from '../../db/deliveries.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { failpoint } from '../failpoint.ts';
import { receiveBatch } from './receive-batch.ts';
import type { ReceiveDeps } from './receive-deps.ts';

/**
 * Outbound events for one system; `targets` by the entity. Events of an entity that the system does
 * not have are left out. Returns how many were new.
 */
export async function receiveOutbound(
  deps: ReceiveDeps,
  targets: ReadonlyMap<string, Target>,
  events: InternalEvent[],
): Promise<number> {
  let count = 0;
  for (const [entityType, some] of Map.groupBy(events, (event) => event.entityType)) {
    const target = targets.get(entityType);
    if (target) count += await receiveOfEntity(deps, target, some);
  }
  return count;
}

async function receiveOfEntity(deps: ReceiveDeps, target: Target, events: InternalEvent[]): Promise<number> {
  const { db, clock, wake } = deps;
  await failpoint('receive.before');
  const count = await receiveBatch(
    deps,
    events,
    (some) => receiveInternalEvents(db, some, { ...target, now: clock.now() }),
    (event) => markPair(deps, target, event),
  );
  await failpoint('receive.after');
  if (count > 0) wake();
  return count;
}

/** The change is sent without the delivery; only this event's timeline cannot be shown. */
async function markPair(
  { db, clock }: ReceiveDeps,
  target: Target,
  event: InternalEvent,
): Promise<string | null> {
  try {
    await withTransaction(db, (tx) => raiseWithoutDelivery(tx, event, { ...target, now: clock.now() }));
  } catch (refused) {
    if (!isOfOneRow(refused)) throw refused;
    return null;
  }
  return 'its pair was raised without it, and the worker takes the change from the row';
}
