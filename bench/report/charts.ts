// Which charts docs/performance.md has, and from which figures.
import type { Figures } from '../suite/measure.ts';
import { chartSvg, type Chart } from './chart.ts';
import { plain, type Result } from './result.ts';

export type Picture = { file: string; alt: string; svg: string };

type Plan = {
  file: string;
  measure: string;
  title: string;
  /** The names of the figures, and what they are called in the chart. */
  parts: readonly (readonly [figure: string, name: string])[];
  stacked: boolean;
};

const PLANS: readonly Plan[] = [
  {
    file: 'performance-drain.svg',
    measure: 'relay-drain',
    title: 'Draining a backlog: events per second (more is better)',
    parts: [['events per second', 'events per second']],
    stacked: true,
  },
  {
    file: 'performance-cpu.svg',
    measure: 'relay-drain',
    title: 'Draining a backlog: microseconds of CPU for each event (less is better)',
    parts: [
      ['relay CPU, µs per event', 'relay'],
      ['Postgres CPU, µs per event', 'PostgreSQL'],
    ],
    stacked: true,
  },
  {
    file: 'performance-latency.svg',
    measure: 'relay-latency',
    title: 'From commit to consumer at 500 events per second, in ms (less is better)',
    parts: [
      ['p50 at 500/s, ms', 'half are quicker (p50)'],
      ['p99 at 500/s, ms', '99 of 100 are quicker (p99)'],
    ],
    stacked: false,
  },
];

export function picturesOf({ measures }: Result): Picture[] {
  return PLANS.flatMap((plan) => {
    const figures = measures.find(({ name }) => name === plan.measure)?.answer?.contestants ?? [];
    return figures.length === 0
      ? []
      : [{ file: plan.file, alt: plan.title, svg: chartSvg(chartOf(plan, figures)) }];
  });
}

function chartOf({ title, parts, stacked }: Plan, contestants: readonly Figures[]): Chart {
  const bars = contestants.map(({ name, figures }) => ({
    name,
    parts: parts.map(([figure]) => figures[figure] ?? 0),
    isOurs: name.startsWith('twinbox'),
  }));
  const first = parts[0]?.[0] ?? '';
  const isRate = first.endsWith('per second');
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  bars.sort((a, b) => (isRate ? sum(b.parts) - sum(a.parts) : sum(a.parts) - sum(b.parts)));
  return { title, parts: parts.map(([, name]) => name), bars, stacked, format: plain };
}
