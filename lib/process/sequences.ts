// Keeps the sequences ahead of their tables, at each start of a process and regularly after it, and
// logs each move.
//
// After a crash between a move and its line in the log, the next process that runs this logs it.
import type { Db } from '../../db/server/connection.ts';
import { sqlState } from '../../db/server/errors.ts';
import { assertEventIdsFit, findUnfitEventIds } from '../../db/sequences/event-ids.ts';
import { takeUnloggedMoves } from '../../db/sequences/moved.ts';
import { readEventIdState } from '../../db/sequences/state.ts';
import { moveSequences, type Moved } from '../../db/sequences/move-forward.ts';
import type { Part } from '../health/readiness.ts';

type Deps = { db: Db; log: { warn(event: string, fields: Record<string, unknown>): void } };

/**
 * Moves the sequences that are behind, and logs each move. If the database role may not move one,
 * the log has the command for its owner.
 */
export async function keepSequences({ db, log }: Deps): Promise<Moved> {
  const result = await moveSequences(db);
  await logSequenceMoves({ db, log });
  for (const { sequence, says, fix } of result.stuck)
    log.warn('sequence.behind', { sequence, why: says, fix });
  return result;
}

/**
 * Logs also the moves that writers have made: a writer moves the sequence if its id is below the
 * floor.
 */
export async function logSequenceMoves({ db, log }: Deps): Promise<void> {
  for (const { sequence, movedFrom, movedTo, widenedFrom, at } of await takeUnloggedMoves(db)) {
    const widened = widenedFrom === null ? {} : { widened_from: widenedFrom };
    log.warn('sequence.moved', { sequence, from: movedFrom, to: movedTo, ...widened, at, why: WHY });
  }
}

const WHY =
  'it was behind the ids in the tables, as after a cut-over, a restore of the data alone, rows loaded with their ids, or a setval';

/**
 * Called before any other part of a process runs. Throws `sequence_unfit`. If the server accepts no
 * writes, the sequences are checked again later; if the database role may not write, other
 * processes move them. The rights that the role needs were checked before (db/server/preflight.ts).
 */
export async function startSequences(deps: Deps): Promise<void> {
  await assertEventIdsFit(deps.db);
  try {
    await keepSequences(deps);
  } catch (error) {
    const state = sqlState(error);
    if (state !== READ_ONLY && state !== NO_RIGHT) throw error;
  }
}

const [READ_ONLY, NO_RIGHT] = ['25006', '42501'];

/**
 * The part of /ready for sequences: event ids that do not rise one by one, or lie below the relay's
 * floor.
 */
export function sequencesPart(db: Db): () => Promise<Part> {
  return async () => {
    const unfit = await findUnfitEventIds(db);
    if (unfit) return { ready: false, problem: `${unfit.says}. ${unfit.fix}` };
    const { last, floor } = await readEventIdState(db);
    if (last >= floor) return { ready: true };
    const says = `the sequence sync_event_ids was set back to ${last}, below the relay’s floor ${floor}: the next write or a running relay moves it forward`;
    return { ready: true, warnings: [says] };
  };
}
