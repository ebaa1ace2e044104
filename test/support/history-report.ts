import type { Db } from '../../db/server/connection.ts';
import { describeOptions, type HistoryOptions } from './history-options.ts';
import { shrinkHistory } from './history-shrink.ts';
import { runHistory } from './history.ts';

/** What whoever fixes a broken history has to know: its seed and options, the few turns that do it, and what they did. */
export async function reportBroken(db: Db, options: HistoryOptions): Promise<string> {
  const { turns, wrong } = await shrinkHistory(db, options);
  const trace: string[] = [];
  await runHistory(db, { ...options, turns, trace: (line) => trace.push(line) });
  return [
    `SEED=${options.seed} make model repeats it: ${describeOptions(options)}`,
    `its turns ${turns.join()} are enough for:`,
    ...wrong.map((line) => `  ${line}`),
    ...trace.map((line) => `    ${line}`),
  ].join('\n');
}
