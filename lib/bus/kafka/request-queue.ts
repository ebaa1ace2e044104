// Two repairs of kafkajs 2.2.4's request queue, one of which each connection has.
//
// After each answer the queue sets a timer that checks for waiting requests, and each check sets the next timer,
// whether or not requests wait: a timer every millisecond for each connection, for ever, with a negative delay that
// Node 24 warns of (https://github.com/tulios/kafkajs/issues/1704 and 1751). Here no timer is set while no request
// waits.
//
// And ten times a second it looks for requests that take longer than they may, whether or not requests are open: the
// three connections of an idle relay woke their process 30 times a second. Here it looks while requests are open.
import { createRequire } from 'node:module';

type Queue = {
  pending: readonly unknown[];
  inflight: ReadonlyMap<number, unknown>;
  /** Looks for requests that take too long. */
  requestTimeoutIntervalId?: NodeJS.Timeout | undefined;
  scheduleCheckPendingRequests(): void;
  /** Called when the connection is made. */
  scheduleRequestTimeoutCheck(): void;
  sendSocketRequest(request: unknown): void;
  fulfillRequest(answer: unknown): void;
};

let repaired = false;

export function repairRequestQueue(): void {
  if (repaired) return;
  repaired = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: Queue;
  };
  checkOnlyForWaiting(prototype);
  lookOnlyAtOpen(prototype);
}

function checkOnlyForWaiting(prototype: Queue): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

function lookOnlyAtOpen(prototype: Queue): void {
  const { scheduleRequestTimeoutCheck: begin, sendSocketRequest: send, fulfillRequest: fulfill } = prototype;
  const end = (queue: Queue): void => {
    clearInterval(queue.requestTimeoutIntervalId);
    queue.requestTimeoutIntervalId = undefined;
  };
  // The interval of the connection before this one has ended itself, and its number is still there.
  prototype.scheduleRequestTimeoutCheck = function (this: Queue) {
    end(this);
  };
  prototype.sendSocketRequest = function (this: Queue, request: unknown) {
    send.call(this, request);
    if (this.inflight.size === 0 || this.requestTimeoutIntervalId !== undefined) return;
    begin.call(this);
    // It has ended the timer of the requests that wait.
    this.scheduleCheckPendingRequests();
  };
  prototype.fulfillRequest = function (this: Queue, answer: unknown) {
    fulfill.call(this, answer);
    if (this.inflight.size === 0) end(this);
  };
}
