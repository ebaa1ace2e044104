import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catcher, Defect } from './defect.ts';
import { needsOwnServer } from '../support/jobs.ts';
import { applyDefect } from './source-copy.ts';

/** The result for a defect: only `caught` is good. */
export interface Finding {
  result: 'caught' | 'not caught' | 'did not run' | 'hung';
  /** The test that failed with its message, or the reason why none failed. */
  detail: string;
  seconds: number;
}

interface MochaReport {
  failures: { fullTitle: string; err: { message?: string } }[];
  passes: { fullTitle: string }[];
}

type Run = { report: MochaReport | null; output: string; hung: boolean };

const HISTORIES = 'test/defects/histories.ts';
const LONGEST_MS = 180_000;
const LONGEST_WORDS = 200;

/**
 * Runs the test that has to catch the defect on a copy of the source with it. Afterwards the copy
 * is unchanged.
 */
export async function tryDefect(folder: string, defect: Defect, env: NodeJS.ProcessEnv): Promise<Finding> {
  const begin = performance.now();
  const takeOut = await applyDefect(folder, defect);
  try {
    const { caughtBy } = defect;
    const alone = caughtBy !== 'histories' && isAlone(caughtBy.file);
    const run = await runMocha(folder, mochaOf(caughtBy), alone ? withoutServer(env) : env);
    return { ...judge(run), seconds: (performance.now() - begin) / 1000 };
  } finally {
    await takeOut();
  }
}

function judge({ report, output, hung }: Run): Omit<Finding, 'seconds'> {
  if (hung) return { result: 'hung', detail: `after ${LONGEST_MS / 1000} s` };
  if (report === null) return { result: 'did not run', detail: output.slice(-2_000) };
  const [failed] = report.failures;
  if (failed) {
    const says = failed.err.message?.split('\n')[0]?.slice(0, LONGEST_WORDS) ?? '';
    return { result: 'caught', detail: `${failed.fullTitle}: ${says}` };
  }
  if (report.passes.length === 0) return { result: 'did not run', detail: 'no such test, or it was skipped' };
  return { result: 'not caught', detail: `passed: ${report.passes[0]?.fullTitle}` };
}

/** The tests that do not pass even without a defect; they prove nothing about one. */
export async function brokenCatchers(
  folder: string,
  defects: readonly Defect[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const tests = defects.flatMap(({ caughtBy }) => (caughtBy === 'histories' ? [] : [caughtBy]));
  const shared = tests.filter(({ file }) => !isAlone(file));
  return [
    ...(await broken(folder, shared, env)),
    ...(await broken(
      folder,
      tests.filter(({ file }) => isAlone(file)),
      withoutServer(env),
    )),
  ];
}

type NamedTest = Exclude<Catcher, 'histories'>;

async function broken(
  folder: string,
  tests: readonly NamedTest[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  if (tests.length === 0) return [];
  const files = [...new Set(tests.map(({ file }) => file))];
  const titles = tests.map(({ title }) => escapeForGrep(title));
  const { report, output } = await runMocha(folder, ['--grep', titles.join('|'), ...files], env);
  if (report === null) return [output.slice(-2_000)];
  const missing = tests.filter(
    ({ title }) => !report.passes.some(({ fullTitle }) => fullTitle.includes(title)),
  );
  return [
    ...report.failures.map(({ fullTitle }) => `fails without any defect: ${fullTitle}`),
    ...missing.map(({ file, title }) => `does not pass without any defect: ${title} (${file})`),
  ];
}

const isAlone = (file: string): boolean => needsOwnServer(file.replace(/^test\//, ''));

/** The process starts one of its own. */
const withoutServer = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, TEST_POSTGRES_URL: '' });

function escapeForGrep(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

function mochaOf(catcher: Catcher): string[] {
  return catcher === 'histories' ? [HISTORIES] : ['--fgrep', catcher.title, catcher.file];
}

async function runMocha(folder: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const results = join(await mkdtemp(`${folder}-report-`), 'report.json');
  const json = ['--reporter', 'json', '--reporter-option', `output=${results}`];
  const child = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', '--bail', ...json, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  const stop = AbortSignal.timeout(LONGEST_MS);
  stop.addEventListener('abort', () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  const report = existsSync(results) ? (JSON.parse(await readFile(results, 'utf8')) as MochaReport) : null;
  return { report, output, hung: child.signalCode === 'SIGKILL' };
}
