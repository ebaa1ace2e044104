import type { Db } from '../../db/server/connection.ts';
import { describeOptions, type HistoryOptions } from './history-options.ts';
import { shrinkHistory } from './history-shrink.ts';
import { runHistory } from './history.ts';

/**
 * What a person needs to fix a failed history: its seed and options, the few moves that cause the
 * failure, and their steps.
 */
export async function reportBroken(db: Db, options: HistoryOptions): Promise<string> {
  const { moves, wrong } = await shrinkHistory(db, options);
  const trace: string[] = [];
  await runHistory(db, { ...options, moves, trace: (line) => trace.push(line) });
  return [
    `SEED=${options.seed} make model repeats it: ${describeOptions(options)}`,
    `its moves ${moves.join()} are enough for:`,
    ...wrong.map((line) => `  ${line}`),
    ...trace.map((line) => `    ${line}`),
  ].join('\n');
}
