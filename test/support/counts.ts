import { writeFileSync } from 'node:fs';

export type Counts = {
  passed: number;
  failed: number;
  skipped: number;
  /** The whole titles of the failed tests, each with its error. */
  failures?: string[];
};

/** Leaves them as JSON in the file that RESULT_FILE names, for `test/run.ts`; without it, nowhere. */
export function writeCounts(counts: Counts): void {
  const file = process.env['RESULT_FILE'];
  if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
}
