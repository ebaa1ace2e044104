/**
 * From the POST of a client to the moment at which Stripe has the customer, without a latency of Stripe's own: one
 * after the other on an idle system, and at 20 a second, from the time at which the POST was due. Everything runs in
 * one process; the simulator's ledger says when a call was answered, by the same clock. A new customer takes two calls,
 * so 20 a second are 40 of the 100 that Stripe allows in live mode, and 20 of the 25 that it allows at each endpoint.
 */
import { quantile } from '../meter.ts';
import { spreadOf } from '../workers/spread.ts';
import { withUp, type Up } from '../workers/up.ts';
import { sleep, waitUntil } from '../../lib/loop.ts';
import type { Measure } from './measure.ts';

const RATE = 20;

export const measure: Measure = {
  name: 'end-to-end',
  about: 'from POST /customers to the receipt at Stripe: idle, and at 20 a second',
  run: ({ full }) =>
    withUp(async (up) => {
      // The first ones compile code, fill caches, and let each session plan each statement as often as it does.
      await atRate(up, 100, 'warm');
      const idle = await oneByOne(up, 'idle', full ? 200 : 60);
      const before = await up.cpu();
      const count = (full ? 60 : 15) * RATE;
      const busy = await atRate(up, count, 'rate');
      const cpu = await up.cpu();
      const [all, postgres] = (['all', 'postgres'] as const).map(
        (part) => ((cpu[part] - before[part]) / count) * 1_000,
      );
      return {
        findings: [
          {
            ...{ id: 'POST to Stripe, idle p50', value: median(idle, 'created'), unit: 'ms' },
            spread: spreadOf(idle.map(({ created }) => created)),
            why: whereItGoes(idle),
          },
          {
            ...{ id: 'POST to Stripe, p99 at 20/s', value: quantile(busy, 0.99), unit: 'ms' },
            why: `a new customer takes ${all?.toFixed(0)} ms of the 100 ms that two cores have for it, and its echo meets the next ones`,
          },
          { id: 'POST to Stripe, p50 at 20/s', value: quantile(busy, 0.5), unit: 'ms' },
          {
            ...{ id: 'CPU of a new customer at 20/s', value: all ?? NaN, unit: 'ms' },
            beside: `of it PostgreSQL ${postgres?.toFixed(1)} ms; API, relay, workers, webhook, simulator and client's answer are the rest`,
          },
        ],
      };
    }),
};

const now = (): number => performance.timeOrigin + performance.now();

/** In milliseconds from the POST on. */
type Way = { answered: number; looked: number; created: number };

const median = (ways: readonly Way[], key: keyof Way): number =>
  quantile(
    ways.map((way) => way[key]),
    0.5,
  );

function whereItGoes(ways: readonly Way[]): string {
  const [answered, looked, created] = (['answered', 'looked', 'created'] as const).map((key) =>
    median(ways, key).toFixed(1),
  );
  return (
    `the POST is answered after ${answered} ms; then the relay reads the event, the worker stores and claims it, loads its pair ` +
    `and takes a token, and Stripe has been asked for such a record after ${looked} ms; the create is stored as an intent, and at Stripe ` +
    `after ${created} ms. Each of these is a statement of PostgreSQL that waits for the one before`
  );
}

/** Longer than the way and its echo take: who asks the system meanwhile takes the processor that it needs. */
const REST_MS = 150;

async function oneByOne(up: Up, name: string, count: number): Promise<Way[]> {
  const ways: Way[] = [];
  for (let n = 0; n < count; n += 1) {
    const began = now();
    await up.create(`${name} ${n}`);
    const answered = now() - began;
    await sleep(REST_MS);
    await up.settled();
    const [look, create] = (await up.calls()).slice(-2).map(({ at }) => at - began);
    ways.push({ answered, looked: look ?? NaN, created: create ?? NaN });
  }
  return ways;
}

/** Customers reach Stripe in the order of their POSTs, but for neighbours, which a quantile does not notice. */
async function atRate(up: Up, count: number, name: string): Promise<number[]> {
  const before = (await creates(up)).length;
  const start = now() + 100;
  const due = Array.from({ length: count }, (_, n) => start + (n * 1_000) / RATE);
  const sent: Promise<unknown>[] = [];
  await waitUntil(
    () => {
      while (sent.length < count && (due[sent.length] ?? Infinity) <= now())
        sent.push(up.create(`${name} ${sent.length}`));
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
