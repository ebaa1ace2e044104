// Every metric of ours, declared once: its name with its unit, its kind, its labels with the values
// that each may have, its buckets, and the question that it answers. docs/metrics.md is generated
// from this table, and the registry makes no metric that is not in it.
//
// No label holds an id, an email or any other value that a person or another program can choose.
// A label is either closed (another value becomes `other`), or open: its values come from the
// configuration or the code, must have a form, and there are at most so many of them.
import { counted } from './counted.ts';
import type { Metric } from './labels.ts';
import { sampled } from './sampled.ts';

export type MetricName = keyof typeof counted | keyof typeof sampled;
export const metrics: Readonly<Record<MetricName, Metric>> = { ...counted, ...sampled };
export const metricNames = Object.keys(metrics) as MetricName[];

/** Whether every process shows the same figure, since it is read from the database. */
export function isSampled(name: MetricName): boolean {
  return name in sampled;
}
