import type { Db } from '../../db/server/connection.ts';
import type { HistoryOptions } from './history-options.ts';
import { runHistory, movesOf } from './history.ts';

/** More runs than this would cost more than they gain. */
const RUNS = 150;

/**
 * The moves without which a history does not fail: parts of them are left out as long as it still
 * fails. The other moves make the same choices, though in another state.
 */
export async function shrinkHistory(
  db: Db,
  options: HistoryOptions,
): Promise<{ moves: readonly number[]; wrong: string[] }> {
  let moves = movesOf(options);
  let { wrong } = await runHistory(db, { ...options, moves });
  let runs = 1;
  for (let size = Math.ceil(moves.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = moves.length - size; from > -size && runs < RUNS; from -= size) {
      const fewer = moves.filter((_, index) => index < from || index >= from + size);
      const verdict = await runHistory(db, { ...options, moves: fewer });
      runs += 1;
      if (verdict.wrong.length > 0) ({ wrong, moves } = { wrong: verdict.wrong, moves: fewer });
    }
  }
  return { moves, wrong };
}
