import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export type Counts = { passed: number; failed: number; skipped: number };

/** mocha's usual output, and the counts as JSON in the file that RESULT_FILE names, for `test/run.ts`. */
export default function report(runner: Mocha.Runner, options: Mocha.MochaOptions): void {
  new Mocha.reporters.Spec(runner, options);
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  runner.on('pass', () => (counts.passed += 1));
  // A hook that fails is a failure too.
  runner.on('fail', () => (counts.failed += 1));
  runner.on('pending', () => (counts.skipped += 1));
  runner.on('end', () => {
    const file = process.env['RESULT_FILE'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  });
}
