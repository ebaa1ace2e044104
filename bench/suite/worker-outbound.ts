/**
 * How much of Stripe's allowance is used, and how often Stripe refuses a call as too frequent: customers are created
 * faster than Stripe allows (25 creates a second), each answer takes 300 ms, and the simulator's ledger says when
 * which call was answered.
 */
import { eachOf, steadyRate } from '../workers/spread.ts';
import { withUp } from '../workers/up.ts';
import type { Measure } from './measure.ts';

const ALLOWED = 25;
const LATENCY_MS = 300;

export const measure: Measure = {
  name: 'worker-outbound',
  about:
    'calls to Stripe that answers after 300 ms, beside the rate that Stripe allows, and how many it refuses',
  run: ({ full }) =>
    withUp(async ({ create, settled, calls, simulate }) => {
      await simulate('POST', '/faults', { kind: 'latency', ms: LATENCY_MS, times: null });
      const names = Array.from({ length: full ? 1_000 : 400 }, (_, n) => `outbound ${n}`);
      await eachOf(names, 16, create);
      await settled();
      const made = (await calls()).filter(
        ({ method, path }) => method === 'POST' && path === '/v1/customers',
      );
      const rate = steadyRate(made.map(({ at }) => at).toSorted((a, b) => a - b));
      return {
        findings: [
          {
            ...{ id: 'Stripe calls ÷ allowed', value: rate / ALLOWED, unit: 'ratio' },
            beside: `${ALLOWED} creates a second, which Stripe allows`,
          },
          {
            id: '429s',
            value: made.filter(({ status }) => status === 429).length,
            unit: 'count',
          },
        ],
      };
    }),
};
