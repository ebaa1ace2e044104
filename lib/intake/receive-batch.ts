// What both directions of receive do with a batch: what the database takes is stored, and an event that
// it refuses keeps back no other. Such an event is found by halves; its pair or record is looked at all
// the same where that can be stored, else the event is left out and noted by its name.
import { leaveOutStuck, noteSkipped, workInHalves, type Stuck } from '../skipped.ts';
import type { ReceiveDeps } from './receive-deps.ts';

const NOTHING = 'nothing: run twinbox verify --repair once what stands against it is gone';

/**
 * Stores the events and wakes the reconcile loop. `store` answers how many were new; `lookInstead` asks
 * for a look at what one refused event is about, and says what that is: null if it is refused, too.
 */
export async function receiveBatch<Event extends { eventId: string }>(
  deps: ReceiveDeps,
  events: Event[],
  store: (some: Event[]) => Promise<number>,
  lookInstead: (event: Event) => Promise<string | null>,
): Promise<number> {
  const note = (eventId: string, instead: string, error: unknown): Promise<void> =>
    noteSkipped(deps, { loop: 'receive', item: `event ${eventId}`, instead }, error);
  const stuck: Stuck<Event>[] = [];
  const count = await workInHalves(events, store, async (item, error) => {
    const instead = await lookInstead(item);
    if (instead === null) return void stuck.push({ item, error });
    deps.wake();
    await note(item.eventId, instead, error);
  });
  await leaveOutStuck(stuck, events, ({ item, error }) => note(item.eventId, NOTHING, error));
  return count;
}
