// Receive: what the bus delivers becomes deliveries and dirty numbers, in one short transaction per
// batch.
//
// Guarantees: one delivery per (event, target), whatever is repeated; the same result for every
// order of its input; no external call while a bus offset is held. A crash before the commit: the
// batch comes again. After it: the repeat is a no-op. An event that the database refuses is found
// by halves and noted by its name; its pair is looked at all the same, the others go on.
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { raiseWithoutDelivery, receiveInternalEvents, type InternalEvent } from '../../db/deliveries.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { leaveOutStuck, noteSkipped, workInHalves, type SkippingDeps, type Stuck } from '../skipped.ts';

export interface ReceiveDeps {
  db: Db;
  clock: Clock;
  /** Wakes the reconcile loop once something new is stored. */
  wake: () => void;
  log?: SkippingDeps['log'];
}

/** Our own events for one system. Returns how many were new. */
export async function receiveOutbound(
  deps: ReceiveDeps,
  target: { system: string; externalType: string },
  events: InternalEvent[],
): Promise<number> {
  const { db, clock, wake } = deps;
  await failpoint('receive.before');
  const stuck: Stuck<InternalEvent>[] = [];
  const count = await workInHalves(
    events,
    (some) => withTransaction(db, (tx) => receiveInternalEvents(tx, some, { ...target, now: clock.now() })),
    async (item, error) => {
      if (!(await goRound(deps, target, item, error))) stuck.push({ item, error });
    },
  );
  await leaveOutStuck(stuck, events, ({ item: { eventId }, error }) =>
    noteSkipped(deps, { loop: 'receive', item: `event ${eventId}`, instead: NOTHING }, error),
  );
  await failpoint('receive.after');
  if (count > 0) wake();
  return count;
}

const NOTHING = 'nothing: run twinbox verify --repair once what stands against it is gone';

/**
 * Its pair is marked without the delivery: what has changed goes out, only the event's own way
 * cannot be shown. False if that is refused, too.
 */
async function goRound(
  deps: ReceiveDeps,
  target: { system: string; externalType: string },
  event: InternalEvent,
  error: unknown,
): Promise<boolean> {
  const { db, clock, wake } = deps;
  try {
    await withTransaction(db, (tx) => raiseWithoutDelivery(tx, event, { ...target, now: clock.now() }));
  } catch (refused) {
    if (!isOfOneRow(refused)) throw refused;
    return false;
  }
  wake();
  const instead = 'its pair was marked without it, and takes the change from the row';
  await noteSkipped(deps, { loop: 'receive', item: `event ${event.eventId}`, instead }, error);
  return true;
}
