/** How many calls to Stripe fifty edits of one customer become that come in a burst: the simulator's ledger counts. */
import { eachOf, spreadOf } from '../workers/spread.ts';
import { quantile } from '../meter.ts';
import { withUp } from '../workers/up.ts';
import type { Measure } from './measure.ts';

const EDITS = 50;
const LATENCY_MS = 300;

export const measure: Measure = {
  name: 'worker-coalesce',
  about: 'calls to Stripe, which answers after 300 ms, for fifty edits of one customer in a burst',
  run: ({ rounds }) =>
    withUp(async ({ create, edit, settled, calls, simulate }) => {
      const { id } = await create('Coalesce');
      await settled();
      await simulate('POST', '/faults', { kind: 'latency', ms: LATENCY_MS, times: null });
      const counts: number[] = [];
      const took: number[] = [];
      for (let round = 0; round < Math.max(3, rounds); round += 1) {
        const before = (await calls()).length;
        const names = Array.from({ length: EDITS }, (_, n) => `Edit ${n} of round ${round}`);
        const began = performance.now();
        await eachOf(names, 16, (name) => edit(id, name));
        took.push(performance.now() - began);
        await settled();
        counts.push((await calls()).length - before);
      }
      return {
        findings: [
          {
            ...{ id: 'calls for 50 edits', value: quantile(counts, 0.5), unit: 'count' },
            spread: spreadOf(counts),
            beside: `the burst took ${Math.round(quantile(took, 0.5))} ms, and each call at least ${LATENCY_MS} ms`,
          },
        ],
      };
    }),
};
