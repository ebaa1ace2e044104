/**
 * `make bench`: runs every measurement of bench/suite/ as a process of its own, one after the other, and prints one
 * table: figure, what it was measured beside, goal, met or missed. The exit status says whether all measurements could
 * be made; a goal that is missed changes nothing about it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  goalRows,
  machineNow,
  otherRows,
  versionsNow,
  type Measured,
  type Result,
  type Row,
} from './report/result.ts';
import { printTable } from './meter.ts';
import type { Answer, Measure } from './suite/measure.ts';

const SUITE = join(import.meta.dirname, 'suite');

/** In this order, others after them; seconds on two quiet cores, of the 15 minutes that all may take together. */
const BUDGETS: Readonly<Record<string, number>> = {
  limits: 60,
  'relay-drain': 180,
  'relay-latency': 170,
  'relay-idle': 90,
  'relay-scale': 100,
  'relay-pinned-xmin': 90,
  'relay-outage': 40,
  // Only if it is named, or in a full run.
  soak: 700,
};
const OTHERS = 45;

const OPTIONS = {
  only: { type: 'string', multiple: true },
  full: { type: 'boolean', default: false },
  share: { type: 'string', default: '1' },
  rounds: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;
const values = readOptions();

function readOptions() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const { share, rounds } = values;
    if (!(Number(share) > 0 && Number(share) <= 1))
      return refuse(`--share is ${share}, which is not a number above 0 and up to 1`);
    if (rounds !== undefined && !/^[1-9]$/.test(rounds))
      return refuse(`--rounds is ${rounds}, which is not a number from 1 to 9`);
    return values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** A mistake of the person who calls: said in a line, and nothing is measured. */
function refuse(problem: string): never {
  console.error(`${problem}\n(node_modules/.bin/node bench/main.ts --help explains it)`);
  process.exit(2);
}

/** Ctrl-C reaches the measurement too; it stops its servers, and then this process says what there is. */
let stopped = false;
let running: ChildProcess | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopped = true;
    running?.kill('SIGTERM');
  });

async function findMeasures(): Promise<Measure[]> {
  const files = (await readdir(SUITE)).filter((file) => file.endsWith('.ts'));
  const found: Measure[] = [];
  for (const file of files.toSorted()) {
    if (!/^export const measure\b/m.test(await readFile(join(SUITE, file), 'utf8'))) continue;
    const { measure } = (await import(join(SUITE, file))) as { measure: Measure };
    found.push(measure);
  }
  const order = Object.keys(BUDGETS);
  const place = ({ name }: Measure) => (order.includes(name) ? order.indexOf(name) : order.length);
  return found.toSorted((a, b) => place(a) - place(b));
}

const secondsOf = (name: string): number => BUDGETS[name] ?? OTHERS;

function help(measures: readonly Measure[]): string {
  return [
    'node_modules/.bin/node bench/main.ts [--only NAME]… [--full] [--rounds 1] [--share 0.1] [--out FILE]',
    '',
    '  --only NAME   this measurement alone; may be repeated',
    '  --full        the sizes that the goals name (make bench-full): hours',
    '  --rounds 1    how often each comparison is repeated, each time in the order A, B, B, A; otherwise 1, and 3 in a full run',
    '  --share 0.1   a part of the events, to try the relay measurements out (the others run whole): such figures say nothing',
    '  --out FILE    where the figures are written as JSON; otherwise .twinbox/bench/DATE.json',
    '',
    'Measurements, with the seconds that each should take on two quiet cores:',
    ...measures.map(
      ({ name, about, onlyFull }) =>
        `  ${name.padEnd(18)} ${onlyFull === true ? 'full' : String(secondsOf(name)).padStart(4)}  ${about}`,
    ),
  ].join('\n');
}

/** A measurement that takes four times its budget is ended: the machine is too busy, or something hangs. */
async function runMeasure({ name, about }: Measure, folder: string): Promise<Measured> {
  const out = join(folder, `${name}.json`);
  const rounds = values.rounds === undefined ? [] : ['--rounds', values.rounds];
  const more = [...(values.full ? ['--full'] : []), ...rounds, '--share', values.share, '--out', out];
  const began = performance.now();
  const child = spawn(process.execPath, [join(SUITE, 'run.ts'), name, ...more], { stdio: 'inherit' });
  running = child;
  const late = values.full ? undefined : setTimeout(() => child.kill('SIGTERM'), 4 * secondsOf(name) * 1_000);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(late);
  const seconds = Math.round((performance.now() - began) / 1_000);
  if (code === 0) return { name, about, seconds, answer: JSON.parse(await readFile(out, 'utf8')) as Answer };
  return { name, about, seconds, answer: null, broke: `ended with ${signal ?? code} after ${seconds} s` };
}

function print(result: Result): void {
  const cells = (row: Row) => [row.measure, row.text, row.figure, row.beside, row.goal, row.verdict];
  const head = ['measure', 'what', 'figure (spread)', 'beside', 'goal', ''];
  // Of a part of the suite only what it measured is shown, not every goal that it left out.
  const goals = goalRows(result).filter(({ measure }) => values.only === undefined || measure !== '');
  for (const rows of [goals, otherRows(result)]) if (rows.length > 0) printTable([head, ...rows.map(cells)]);
  const reasons = goalRows(result).filter(({ verdict, why }) => verdict === 'missed' && why !== '');
  for (const why of new Set(reasons.map((row) => row.why))) {
    const missed = reasons.filter((row) => row.why === why).map(({ text }) => text);
    console.log(`\nMissed: ${missed.join('; ')}.\n  ${why}`);
  }
  for (const { name, answer, broke } of result.measures) {
    for (const line of answer?.skipped ?? []) console.log(`\n${name} left out ${line}`);
    if (broke !== undefined) console.log(`\n*** ${name} BROKE: ${broke} ***`);
  }
}

async function main(): Promise<void> {
  const all = await findMeasures();
  if (values.help) {
    console.log(help(all));
    return;
  }
  const { only } = values;
  const unknown = (only ?? []).filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) refuse(`there is no measurement ${unknown.join(', ')}`);
  const chosen = all.filter(({ name, onlyFull }) =>
    only === undefined ? values.full || onlyFull !== true : only.includes(name),
  );
  const result: Result = {
    ...{ date: new Date().toISOString(), full: values.full, share: Number(values.share) },
    ...{ machine: machineNow(), versions: await versionsNow(), measures: [] },
  };
  const file = values.out ?? join('.twinbox/bench', `${result.date.replaceAll(':', '-')}.json`);
  await mkdir(dirname(file), { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  for (const one of chosen) {
    console.error(`${one.name}: ${one.about} …`);
    const measured = await runMeasure(one, folder);
    if (stopped) break;
    result.measures.push(measured);
    // Each time, so that a run that is ended early leaves what it has.
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  }
  await rm(folder, { recursive: true, force: true });
  if (stopped) {
    const done = result.measures.map(({ name }) => name).join(', ');
    console.error(done === '' ? '\nStopped: nothing was measured.' : `\nStopped after ${done}: ${file}`);
    process.exitCode = 130;
    return;
  }
  print(result);
  console.log(`\nAll figures: ${file}`);
  if (result.measures.some(({ answer }) => answer === null)) process.exitCode = 1;
}

await main();
