/**
 * What `make test` runs: the checks and every suite (a folder of `test/`, a long one in parts), each in a process of
 * its own, all on one PostgreSQL that this process starts and stops. The last line is "N passed, N failed".
 *
 *   node test/run.ts                     everything
 *   node test/run.ts db lib/uuid.test.ts only these folders and files of test/
 *   node test/run.ts --proof             what takes minutes: `*.proof.ts`, and random histories
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportCoverage } from './support/coverage.ts';
import { checks, longestFirst, namedJobs, suites, type Job } from './support/jobs.ts';
import { runJobs, stopJobs, type Result } from './support/run-jobs.ts';
import { makeRunFolder, removeRunFolder } from './support/run-folder.ts';
import { runSettings } from './support/run-settings.ts';
import { startTestServer } from './support/server.ts';

const { values: flags, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: { proof: { type: 'boolean', default: false } },
});
const { ci, width, keep, coverage, env } = runSettings({ proof: flags.proof });
const ROOT = import.meta.dirname;
/** A proof takes half an hour; `make model` plays 2,000, and `make defects` is a run of its own. */
const HISTORIES: Job = {
  title: 'model',
  args: [join(ROOT, 'model/main.ts')],
  env: { COUNT: env['COUNT'] ?? '250' },
};

const stop = { asked: false };
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The jobs end, so this process stays to clean up; a second signal is for a job that does not
    // end.
    stopJobs(stop.asked ? 'SIGKILL' : 'SIGTERM');
    stop.asked = true;
  });
}

const folder = await makeRunFolder();
let results: Result[] = [];
let kept = false;
try {
  const server = await startTestServer(folder);
  const covered = join(folder, 'coverage');
  const jobEnv = {
    ...env,
    TMPDIR: folder,
    TEST_POSTGRES_URL: server.url,
    // Otherwise each process would compile packages that another one has compiled before.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...(coverage ? { NODE_V8_COVERAGE: covered } : {}),
  };
  results = await runJobs(selectJobs(), width, jobEnv);
  // They use all processors, and the jobs before them depend on signs of life in time.
  if (takesHistories() && !stop.asked) results.push(...(await runJobs([HISTORIES], 1, jobEnv)));
  if (coverage && !stop.asked) await reportCoverage(covered, env);
  kept = keep && results.some(({ failed }) => failed > 0);
  await server.stop({ keep: kept });
} finally {
  if (!kept) await removeRunFolder(folder);
}
conclude();

function selectJobs(): Job[] {
  const ending = flags.proof ? '.proof.ts' : '.test.ts';
  if (chosen.length > 0) return namedJobs(ROOT, chosen, ending, folder);
  const all = suites(ROOT, ending, folder);
  // The proof with processes takes as long as all the others together.
  return flags.proof ? all.toReversed() : longestFirst([...checks(folder), ...all]);
}

function takesHistories(): boolean {
  return flags.proof && (chosen.length === 0 || chosen.includes(HISTORIES.title));
}

function conclude(): void {
  console.log();
  for (const { title, seconds, passed, failed, skipped } of results) {
    const more = `${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    console.log(`${title.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s  ${passed} passed${more}`);
  }
  const sum = (key: 'passed' | 'failed' | 'skipped') =>
    results.reduce((total, result) => total + result[key], 0);
  const skipped = sum('skipped');
  const failed = sum('failed') + (ci ? skipped : 0);
  if (ci && skipped > 0) console.log(`\nIn CI a skipped test is a failed one: ${skipped}`);
  // Once more at the end: where a log is cut, its end is what is left.
  for (const { title, failures = [] } of results)
    for (const failure of failures) console.log(`\nFailed in ${title}: ${failure}`);
  if (kept) console.log(`\nKept: the PostgreSQL in ${folder} goes on; make clean stops and removes it`);
  if (stop.asked) console.log('\nStopped before the end');
  console.log(
    `\n${sum('passed')} passed, ${failed} failed${!ci && skipped > 0 ? `, ${skipped} skipped` : ''}`,
  );
  process.exitCode = failed > 0 || stop.asked || sum('passed') === 0 ? 1 : 0;
}
