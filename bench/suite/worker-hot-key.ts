/**
 * Whether one customer delays others: all customers are edited in rounds A, B, B, A, and in the rounds B each call
 * about one further customer hangs. The simulator's ledger says when the calls of the others were answered.
 */
import { waitUntil } from '../../lib/loop.ts';
import { quantile } from '../meter.ts';
import { eachOf, spreadOf, steadyRate } from '../workers/spread.ts';
import { withUp, type Up } from '../workers/up.ts';
import type { Measure } from './measure.ts';

const LATENCY_MS = 300;
type Linked = { id: number; path: string };

export const measure: Measure = {
  name: 'worker-hot-key',
  about:
    'calls a second of all other customers while each call about one customer hangs, beside the same without it',
  run: ({ full }) =>
    withUp(async (up) => {
      const [stuck, ...others] = await link(up, full ? 401 : 141);
      if (!stuck) throw new Error('no customer was made');
      await up.simulate('POST', '/faults', { kind: 'latency', ms: LATENCY_MS, times: null });
      const rates: { calm: number[]; stuck: number[] } = { calm: [], stuck: [] };
      for (const [round, kind] of (['calm', 'stuck', 'stuck', 'calm'] as const).entries()) {
        const edited = kind === 'stuck' ? [stuck, ...others] : others;
        rates[kind].push(await editAll(up, edited, { round, hangs: kind === 'stuck' ? stuck : null }));
      }
      const ratios = rates.stuck.map((rate, at) => rate / (rates.calm[at] ?? NaN));
      return {
        findings: [
          {
            ...{
              id: 'others beside a stuck customer',
              value: quantile(ratios, 0.5),
              unit: 'ratio',
            },
            spread: spreadOf(ratios),
            beside: `without it: ${rates.calm.map((rate) => rate.toFixed(1)).join(' and ')} calls a second`,
          },
        ],
      };
    }),
};

async function link({ create, settled, simulate }: Up, count: number): Promise<Linked[]> {
  const made: number[] = [];
  const names = Array.from({ length: count }, (_, n) => `Key ${n}`);
  await eachOf(names, 8, async (name) => void made.push((await create(name)).id));
  await settled();
  const linked = (await simulate('GET', '/ledger?source=api&method=POST')) as { customer: string | null }[];
  const ids = linked.flatMap(({ customer }) => customer ?? []);
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} customers are at Stripe`);
  return made.map((id, at) => ({ id, path: `/v1/customers/${ids[at] ?? ''}` }));
}

/** The calls a second of the others. */
async function editAll(
  { edit, calls, settled, simulate }: Up,
  edited: readonly Linked[],
  { round, hangs }: { round: number; hangs: Linked | null },
): Promise<number> {
  await simulate('DELETE', '/ledger');
  const hanging = hangs && { kind: 'hang', path: hangs.path, times: null };
  const fault = hanging && ((await simulate('POST', '/faults', hanging)) as { id: number });
  await eachOf(edited, 8, ({ id }) => edit(id, `Round ${round} of ${id}`));
  const ofOthers = edited.length - (hangs ? 1 : 0);
  const answered = async (): Promise<number[]> =>
    (await calls()).flatMap(({ method, path, at }) =>
      method === 'POST' && path !== hangs?.path ? [at] : [],
    );
  await waitUntil(async () => (await answered()).length >= ofOthers, {
    ...{ timeoutMs: 60_000, everyMs: 100, what: 'the others are at Stripe' },
  });
  const rate = steadyRate((await answered()).toSorted((a, b) => a - b));
  if (fault) {
    await simulate('DELETE', `/faults/${fault.id}`);
    await simulate('POST', '/held/release');
  }
  await settled();
  return rate;
}
