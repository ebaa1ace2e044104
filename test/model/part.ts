/**
 * One process of `make model`: runs every history whose seed it receives, on a database of its own,
 * and answers with the result. It ends with its parent.
 */
import { createTestDatabase } from '../support/database.ts';
import { modelSystem } from '../support/model-settings.ts';
import { optionsOf } from '../support/history-options.ts';
import { reportBroken } from '../support/history-report.ts';
import { runHistory, type Verdict } from '../support/history.ts';

export type Report = Verdict & { seed: number; text?: string };

/** Shortening one history takes as long as many histories. */
const REPORTED = 2;

const { db, drop } = await createTestDatabase();
let broken = 0;

process.on('message', (seed: number) => void run(seed).then((report) => process.send?.(report)));
process.on('disconnect', () => void db.destroy().then(drop));
process.send?.('ready');

async function run(seed: number): Promise<Report> {
  const options = { ...optionsOf(seed), ...modelSystem() };
  const verdict = await runHistory(db, options);
  if (verdict.wrong.length === 0) return { seed, ...verdict };
  broken += 1;
  return { seed, ...verdict, ...(broken <= REPORTED ? { text: await reportBroken(db, options) } : {}) };
}
