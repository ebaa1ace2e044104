// Load at a fixed rate that does not wait for answers: a writer that waited would hide each pause.
import { randomUUID } from 'node:crypto';
import { sleep } from '../../lib/loop.ts';
import type { NewEvent } from '../contestants/contestant.ts';
import { eventOf } from './events.ts';

export type Load = {
  rate: number;
  seconds: number;
  /** The number of the first event. */
  from: number;
};

/** Answers with the moment from which the event's time counts: that of its commit. */
export type Send = (event: NewEvent) => Promise<number>;

export type Sent = {
  count: number;
  /** Events per second. */
  reached: number;
  /** The moment of each event, by its number. */
  moments: ReadonlyMap<number, number>;
};

/** Sends each event when it is due, and resolves when all are done. */
export async function openLoop({ rate, seconds, from }: Load, send: Send): Promise<Sent> {
  const count = Math.round(rate * seconds);
  const moments = new Map<number, number>();
  const began = performance.now();
  const open: Promise<unknown>[] = [];
  for (let n = from; n < from + count; n += 1) {
    const due = began + ((n - from) / rate) * 1_000;
    if (due > performance.now()) await sleep(due - performance.now());
    open.push(send(eventOf(n, randomUUID())).then((at) => moments.set(n, at)));
  }
  await Promise.all(open);
  return { count, reached: count / ((performance.now() - began) / 1_000), moments };
}
