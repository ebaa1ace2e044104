// Receive: what the bus delivers becomes deliveries and dirty numbers, in one short transaction per
// batch.
//
// Guarantees: one delivery per (event, target), whatever is repeated; the same result for every
// order of its input; no external call while a bus offset is held. A crash before the commit: the
// batch comes again. After it: the repeat is a no-op. An event that the database refuses is found
// by halves and noted by its name; its pair is looked at all the same, the others go on.
import { withTransaction } from '../../db/server/connection.ts';
import { raiseWithoutDelivery, receiveInternalEvents, type InternalEvent } from '../../db/deliveries.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { failpoint } from '../failpoint.ts';
import { receiveBatch } from './receive-batch.ts';
import type { ReceiveDeps } from './receive-deps.ts';

/** Our own events for one system. Returns how many were new. */
export async function receiveOutbound(
  deps: ReceiveDeps,
  target: { system: string; externalType: string },
  events: InternalEvent[],
): Promise<number> {
  const { db, clock, wake } = deps;
  await failpoint('receive.before');
  const count = await receiveBatch(
    deps,
    events,
    (some) => withTransaction(db, (tx) => receiveInternalEvents(tx, some, { ...target, now: clock.now() })),
    (event) => markPair(deps, target, event),
  );
  await failpoint('receive.after');
  if (count > 0) wake();
  return count;
}

/** What has changed goes out without the delivery; only the event's own way cannot be shown. */
async function markPair(
  { db, clock }: ReceiveDeps,
  target: { system: string; externalType: string },
  event: InternalEvent,
): Promise<string | null> {
  try {
    await withTransaction(db, (tx) => raiseWithoutDelivery(tx, event, { ...target, now: clock.now() }));
  } catch (refused) {
    if (!isOfOneRow(refused)) throw refused;
    return null;
  }
  return 'its pair was marked without it, and takes the change from the row';
}
