// The one owner of prom-client: makes the declared metrics, and keeps their labels bounded. A value
// that a label may not have becomes `other`, so no caller can make a series for each customer.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { metricNames, metrics, type MetricName } from './declarations.ts';
import type { Label } from './labels.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Meter {
  /** To a counter; to a total that is read as a whole: `total`. */
  add(name: MetricName, labels?: Labels, by?: number): void;
  observe(name: MetricName, labels: Labels, seconds: number): void;
  /** Many with the same labels, which are looked up once. */
  observeAll(name: MetricName, labels: Labels, list: readonly number[]): void;
  set(name: MetricName, labels: Labels, value: number): void;
  /** Sets a counter whose total is stored elsewhere. */
  total(name: MetricName, labels: Labels, value: number): void;
  /** Removes every series: what is not known is not shown. */
  clear(name: MetricName): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export const OTHER = 'other';

/**
 * Between two samples of how late the event loop is, as nodejs_eventloop_lag_… show it: a loop that is never late
 * shows this interval. At prom-client's 10 ms this timer is the largest cost of an idle process.
 */
export const LAG_SAMPLES_MS = 100;

/** Each request and each event is counted: what is the same for all of them is looked up once. */
const RULES = new Map(
  metricNames.map((name) => [
    name,
    Object.entries<Label>(metrics[name].labels).map(([label, rule]) => ({
      ...{ label, rule, place: `${name}.${label}` },
    })),
  ]),
);

/** `systems`: those in use. */
export function createMeter(
  systems: readonly string[],
  { processMetrics = true }: { processMetrics?: boolean } = {},
): Meter {
  const registry = new Registry();
  if (processMetrics)
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLES_MS });
  const made = new Map(metricNames.map((name) => [name, make(name, registry)]));
  const seen = new Map<string, Set<string>>();

  function bounded(name: MetricName, labels: Labels): Record<string, string> {
    const kept: Record<string, string> = {};
    for (const { label, rule, place } of RULES.get(name) ?? [])
      kept[label] = valueOf(place, rule, labels[label]);
    return kept;
  }

  function valueOf(place: string, { of: listed, isSystem, most = 0, form }: Label, given = OTHER): string {
    const closed = isSystem ? systems : listed;
    if (closed) return closed.includes(given) ? given : OTHER;
    if (form?.test(given) !== true) return OTHER;
    const known = seen.get(place) ?? new Set();
    seen.set(place, known);
    if (!known.has(given) && known.size >= most) return OTHER;
    known.add(given);
    return given;
  }

  function find<T>(name: MetricName, kind: new (...args: never[]) => T): T {
    const metric = made.get(name);
    if (metric instanceof kind) return metric;
    throw new Error(`${name} is not declared as ${kind.name}`);
  }

  function observeAll(name: MetricName, labels: Labels, list: readonly number[]): void {
    const finite = list.filter(Number.isFinite);
    if (finite.length === 0) return;
    const series = find(name, Histogram).labels(bounded(name, labels));
    // A clock that was set back must not make a time negative.
    for (const seconds of finite) series.observe(Math.max(0, seconds));
  }

  return {
    add: (name, labels = {}, by = 1) => {
      if (by > 0) find(name, Counter).inc(bounded(name, labels), by);
    },
    observe: (name, labels, seconds) => observeAll(name, labels, [seconds]),
    observeAll,
    set: (name, labels, value) => {
      if (Number.isFinite(value)) find(name, Gauge).set(bounded(name, labels), value);
    },
    total: (name, labels, value) => {
      const counter = find(name, Counter);
      const kept = bounded(name, labels);
      counter.remove(kept);
      if (Number.isFinite(value)) counter.inc(kept, Math.max(0, value));
    },
    clear: (name) => void empty(name, made.get(name)),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function make(name: MetricName, registry: Registry): Counter | Gauge | Histogram {
  const { kind, help, labels, buckets = [] } = metrics[name];
  const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (kind === 'counter') return new Counter(common);
  if (kind === 'gauge') return empty(name, new Gauge(common));
  return new Histogram({ ...common, buckets: [...buckets] });
}

/** A metric without labels would else begin with 0, which no look has found. */
function empty<T extends Counter | Gauge | Histogram | undefined>(name: MetricName, metric: T): T {
  metric?.reset();
  if (metric instanceof Gauge && Object.keys(metrics[name].labels).length === 0) metric.remove();
  return metric;
}
