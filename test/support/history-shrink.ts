import type { Db } from '../../db/server/connection.ts';
import type { HistoryOptions } from './history-options.ts';
import { runHistory, turnsOf } from './history.ts';

/** More runs than this are not worth what is gained. */
const RUNS = 150;

/**
 * The turns without which a broken history is not broken: parts of them are left out for as long as something is still wrong.
 * What the other turns do is not changed by it, but for the state they find.
 */
export async function shrinkHistory(
  db: Db,
  options: HistoryOptions,
): Promise<{ turns: readonly number[]; wrong: string[] }> {
  let turns = turnsOf(options);
  let { wrong } = await runHistory(db, { ...options, turns });
  let runs = 1;
  for (let size = Math.ceil(turns.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = turns.length - size; from > -size && runs < RUNS; from -= size) {
      const fewer = turns.filter((_, index) => index < from || index >= from + size);
      const verdict = await runHistory(db, { ...options, turns: fewer });
      runs += 1;
      if (verdict.wrong.length > 0) ({ wrong, turns } = { wrong: verdict.wrong, turns: fewer });
    }
  }
  return { turns, wrong };
}
