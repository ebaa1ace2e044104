// A repair of kafkajs 2.2.4: after each answer its request queue sets a timer that checks for
// waiting requests, and each check sets the next timer, whether or not requests wait: a timer every
// millisecond for each connection, for ever, with a negative delay that Node 24 warns of
// (https://github.com/tulios/kafkajs/issues/1704 and 1751). This repair sets no timer while no
// request waits.
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
