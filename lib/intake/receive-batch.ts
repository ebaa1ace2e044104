// How both directions of receive store a batch: an event that the database refuses keeps no other
// event back. The batch is halved until that event is found; its pair or record is raised all the
// same if that can be stored, otherwise the event is left out, and its name is noted.
import { leaveOutStuck, noteSkipped, workInHalves, type Stuck } from '../skipped.ts';
import type { ReceiveDeps } from './receive-deps.ts';

const NOTHING = 'nothing: run twinbox verify --repair once the cause of the refusal is gone';

/**
 * Stores the events and wakes the reconcile loop. `store` returns how many were new. `lookInstead`
 * raises what one refused event is about, and says what that is; null if that is refused too.
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
