/**
 * From the POST of a client to the moment at which Stripe has the customer, without a latency of Stripe's own: one
 * after the other on an idle system, and at 20 a second, from the time at which the POST was due. Everything runs in
 * one process; the simulator's ledger says when a call was answered, by the same clock.
 */
import { quantile } from '../meter.ts';
import { spreadOf } from '../workers/spread.ts';
import { withUp, type Up } from '../workers/up.ts';
import { waitUntil } from '../../lib/loop.ts';
import type { Measure } from './measure.ts';

const RATE = 20;

export const measure: Measure = {
  name: 'end-to-end',
  about: 'from POST /customers to the receipt at Stripe: idle, and at 20 a second',
  run: ({ full }) =>
    withUp(async (up) => {
      // The first ones compile code and fill caches.
      await oneByOne(up, 'warm', 20);
      const idle = await oneByOne(up, 'idle', full ? 200 : 60);
      const busy = await atRate(up, (full ? 60 : 15) * RATE);
      return {
        findings: [
          { id: 'POST to Stripe, idle p50', value: quantile(idle, 0.5), unit: 'ms', spread: spreadOf(idle) },
          { id: 'POST to Stripe, p99 at 20/s', value: quantile(busy, 0.99), unit: 'ms' },
          { id: 'POST to Stripe, p50 at 20/s', value: quantile(busy, 0.5), unit: 'ms' },
        ],
      };
    }),
};

const now = (): number => performance.timeOrigin + performance.now();

async function oneByOne(up: Up, name: string, count: number): Promise<number[]> {
  const began: number[] = [];
  const before = (await creates(up)).length;
  for (let n = 0; n < count; n += 1) {
    began.push(now());
    await up.create(`${name} ${n}`);
    await up.settled();
  }
  return (await creates(up)).slice(before).map((at, n) => at - (began[n] ?? NaN));
}

/** Customers reach Stripe in the order of their POSTs, but for neighbours, which a quantile does not notice. */
async function atRate(up: Up, count: number): Promise<number[]> {
  const before = (await creates(up)).length;
  const start = now() + 100;
  const due = Array.from({ length: count }, (_, n) => start + (n * 1_000) / RATE);
  const sent: Promise<unknown>[] = [];
  await waitUntil(
    () => {
      while (sent.length < count && (due[sent.length] ?? Infinity) <= now())
        sent.push(up.create(`rate ${sent.length}`));
      return Promise.resolve(sent.length === count);
    },
    { timeoutMs: count * 100 + 10_000, everyMs: 2, what: 'all are sent' },
  );
  await Promise.all(sent);
  await up.settled();
  return (await creates(up)).slice(before).map((at, n) => at - (due[n] ?? NaN));
}

async function creates({ calls }: Up): Promise<number[]> {
  const made = (await calls()).filter(({ method, path }) => method === 'POST' && path === '/v1/customers');
  return made.map(({ at }) => at).toSorted((a, b) => a - b);
}
