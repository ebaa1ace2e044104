// A repair of kafkajs 2.2.4: after each answer its request queue sets a timer to look for waiting
// requests, and that look sets the next one, whether or not anything waits: a timer every
// millisecond for each connection, for ever, with a negative delay that Node 24 warns of
// (https://github.com/tulios/kafkajs/issues/1704 and 1751). With nothing waiting there is nothing
// to look for.
import { createRequire } from 'node:module';

type Queue = { pending: readonly unknown[]; scheduleCheckPendingRequests(): void };

let repaired = false;

export function repairRequestQueue(): void {
  if (repaired) return;
  repaired = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: Queue;
  };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
