import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './counts.ts';

/** One line of the test run: a check, or a folder of tests, in a process of its own. */
export type Job = {
  title: string;
  /** Arguments of Node. */
  args: string[];
  /** A file in which mocha leaves its counts; without one the job is a single check. */
  resultFile?: string;
  env?: Record<string, string>;
};

export type Result = Counts & { title: string; seconds: number };

const bin = (path: string) => join(import.meta.dirname, '../../node_modules', path);

export const mochaProgram = bin('mocha/bin/mocha.js');

export function checks(folder: string): Job[] {
  const resultFile = join(folder, 'lint.json');
  const lint = join(import.meta.dirname, '../lint.ts');
  const prettier = [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn'];
  return [
    { title: 'lint', args: [lint], resultFile, env: { RESULT_FILE: resultFile } },
    { title: 'prettier', args: [...prettier, '--cache', '--cache-strategy', 'content', '.'] },
  ];
}

/** Every folder of `test/` with files that end in `ending` (`.test.ts`). */
export function suites(root: string, ending: string, folder: string): Job[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && testFiles(join(root, entry.name), ending).length > 0)
    .map(({ name }) => mochaJob(name, testFiles(join(root, name), ending), folder));
}

export function mochaJob(title: string, files: string[], folder: string): Job {
  const resultFile = join(folder, `${title.replaceAll('/', '-')}.json`);
  const reporter = join(import.meta.dirname, 'reporter.ts');
  return {
    title,
    args: [mochaProgram, '--reporter', reporter, ...files],
    resultFile,
    env: { RESULT_FILE: resultFile },
  };
}

function testFiles(folder: string, ending: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Processes that are running, so that a stop can end them. Each leads a group of its own. */
const running = new Set<ChildProcess>();

/** Runs the job, its output kept together, and prints it when it has ended. */
export async function runJob(job: Job, env: NodeJS.ProcessEnv): Promise<Result> {
  const begin = performance.now();
  const child = spawn(process.execPath, job.args, {
    env: { ...env, ...job.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  const output: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => output.push(part));
  child.stderr.on('data', (part: Buffer) => output.push(part));
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  running.delete(child);
  const seconds = (performance.now() - begin) / 1000;
  process.stdout.write(`\n=== ${job.title} (${seconds.toFixed(1)} s)\n${Buffer.concat(output).toString()}`);
  return { title: job.title, seconds, ...count(job, code) };
}

function count({ resultFile }: Job, code: number | null): Counts {
  if (resultFile === undefined || !existsSync(resultFile)) {
    // A process that died before it could count is one failure.
    const passed = code === 0 && resultFile === undefined ? 1 : 0;
    return { passed, failed: 1 - passed, skipped: 0 };
  }
  const counts = JSON.parse(readFileSync(resultFile, 'utf8')) as Counts;
  // mocha's status and its counts disagree only if something failed outside of every test.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

let stopped = false;

/** Ends what is running, with everything that it has started; what has not begun does not begin. */
export function stopJobs(signal: NodeJS.Signals): void {
  stopped = true;
  for (const { pid } of running) {
    if (pid !== undefined) process.kill(-pid, signal);
  }
}

/** Runs all of them, so many at a time, and gives the results in the order of the jobs. */
export async function runJobs(
  jobs: readonly Job[],
  width: number,
  env: NodeJS.ProcessEnv,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...jobs.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined && !stopped; next = queue.shift()) {
      const [index, job] = next;
      results[index] = await runJob(job, env);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return Object.values(results); // without those that did not begin
}
