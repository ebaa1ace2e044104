// Receive: what the bus delivers becomes deliveries and dirty numbers, in one short transaction per batch.
//
// Guarantees: one delivery per (event, target), whatever is repeated; the same result for every order of its input; no external
// call while a bus offset is held. A crash before the commit: the batch comes again. After it: the repeat is a no-op.
import { withTransaction, type Db } from '../../db/connection.ts';
import { receiveInternalEvents, type InternalEvent } from '../../db/deliveries.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';

export interface ReceiveDeps {
  db: Db;
  clock: Clock;
  /** Wakes the reconcile loop once something new is stored. */
  wake: () => void;
}

/** Our own events for one system. Returns how many were new. */
export async function receiveOutbound(
  { db, clock, wake }: ReceiveDeps,
  target: { system: string; externalType: string },
  events: InternalEvent[],
): Promise<number> {
  await failpoint('receive.before');
  const count = await withTransaction(db, (tx) =>
    receiveInternalEvents(tx, events, { ...target, now: clock.now() }),
  );
  await failpoint('receive.after');
  if (count > 0) wake();
  return count;
}
