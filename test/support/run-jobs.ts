import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Counts } from './counts.ts';
import type { Job } from './jobs.ts';

export type Result = Counts & { title: string; seconds: number };

/**
 * Processes that are running, so that a stop can end them. Each leads a process group of its own.
 */
const running = new Set<ChildProcess>();

let stopped = false;

/** Ends what is running, with all its child processes; jobs that have not begun do not begin. */
export function stopJobs(signal: NodeJS.Signals): void {
  stopped = true;
  for (const { pid } of running) {
    if (pid !== undefined) process.kill(-pid, signal);
  }
}

/** Runs all jobs, this number at a time, and returns the results in the order of the jobs. */
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
  return Object.values(results); // without the jobs that did not begin
}

/** Runs the job, collects its output, and prints it when the job has ended. */
async function runJob(job: Job, env: NodeJS.ProcessEnv): Promise<Result> {
  // The file of an earlier run of the same job (`make watch`).
  if (job.resultFile !== undefined) rmSync(job.resultFile, { force: true });
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
    const failures = passed === 1 ? [] : [`the process ended with status ${code ?? 'none, by a signal'}`];
    return { passed, failed: 1 - passed, skipped: 0, failures };
  }
  const counts = JSON.parse(readFileSync(resultFile, 'utf8')) as Counts;
  // mocha's status and its counts disagree only if something failed outside of every test.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
