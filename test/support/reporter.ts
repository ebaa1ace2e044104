import Mocha from 'mocha';
import { writeCounts, type Counts } from './counts.ts';

/** How long a suite may continue after its last test before it counts as hanging. */
const GRACE_MS = 15_000;

/** Characters of an error that are shown again at the end of the run. */
const SHOWN = 2_000;

/** mocha's usual output, and the counts as JSON in the file that RESULT_FILE names, for `test/run.ts`. */
export default function report(runner: Mocha.Runner, options: Mocha.MochaOptions): void {
  new Mocha.reporters.Spec(runner, options);
  const failures: string[] = [];
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures };
  runner.on('pass', () => (counts.passed += 1));
  // A hook that fails is a failure too.
  runner.on('fail', (test: Mocha.Runnable, error: unknown) => {
    counts.failed += 1;
    failures.push(`${test.fullTitle()}: ${String(error).slice(0, SHOWN)}`);
  });
  runner.on('pending', () => (counts.skipped += 1));
  runner.on('end', () => {
    writeCounts(counts);
    // The timer has no reference, so it does not keep alive a process that could end.
    setTimeout(() => endHanging(counts), GRACE_MS).unref();
  });
}

function endHanging(counts: Counts): void {
  const open = process.getActiveResourcesInfo().join(', ');
  process.stderr.write(`The tests are over, but something they left open keeps the process up: ${open}\n`);
  // By the file, since mocha sets the exit status to its own count of failures.
  writeCounts({ ...counts, failed: counts.failed + 1 });
  process.exit(1);
}
