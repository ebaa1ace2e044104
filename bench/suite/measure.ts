/**
 * What each measurement of `make bench` answers. A measurement is one file in bench/suite/ that exports `measure`; it
 * runs as a process of its own and makes its figures anew. Its goals stand in goals.ts.
 */
export type Finding = {
  /** The row of goals.ts that this answers, such as 'drain ÷ debezium'; or a name of its own, for a figure without a goal. */
  id: string;
  value: number;
  unit: 'ratio' | 'per second' | 'ms' | 'µs' | 'MB' | 'bytes' | '%' | 'count';
  /** The least and the most of the rounds, where there was more than one. */
  spread?: readonly [least: number, most: number];
  /** The ceiling or peer that it was measured beside, with its figure: 'Debezium: 11,099 per second'. */
  beside?: string;
  /** Where the goal is missed: what a profile of this run says about where the time goes, and what it would need. */
  why?: string;
};

/** One line of a chart or of a table of contestants: a contestant's name and its figures by their names. */
export type Figures = { name: string; about: string; figures: Record<string, number> };

export type Answer = {
  findings: Finding[];
  /** For the tables and charts of docs/performance.md. */
  contestants?: Figures[];
  /** What was left out, and why: a part that could not be had here. */
  skipped?: string[];
};

export type Size = {
  /** `make bench-full`: the sizes that the goals name. `make bench` takes smaller ones, and says so. */
  full: boolean;
  rounds: number;
  /** 1, or less to try the suite itself out: the part of the usual number of events. Such figures say nothing. */
  share: number;
};

export type Measure = {
  /** As the file: 'relay-drain'. */
  name: string;
  /** One sentence: what is measured, and beside what. */
  about: string;
  /** Only in `make bench-full`. */
  onlyFull?: boolean;
  run(size: Size): Promise<Answer>;
};
