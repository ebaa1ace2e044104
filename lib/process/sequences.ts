// Keeps the sequences ahead of their tables, at each start of a process and regularly after it, and
// puts what was moved into the log.
//
// A crash after a move and before its line: the next process that keeps them logs it.
import type { Db } from '../../db/server/connection.ts';
import { sqlState } from '../../db/server/errors.ts';
import { assertEventIdsFit, findUnfitEventIds } from '../../db/sequences/event-ids.ts';
import { takeUnloggedMoves } from '../../db/sequences/moved.ts';
import { readEventIdState } from '../../db/sequences/state.ts';
import { moveSequences, type Moved } from '../../db/sequences/move-forward.ts';
import type { Part } from '../health/readiness.ts';

type Deps = { db: Db; log: { warn(event: string, fields: Record<string, unknown>): void } };

/** Moves what is behind and logs it. What this role may not move is logged with the command that does. */
export async function keepSequences({ db, log }: Deps): Promise<Moved> {
  const result = await moveSequences(db);
  await logSequenceMoves({ db, log });
  for (const { sequence, says, fix } of result.stuck)
    log.warn('sequence.behind', { sequence, why: says, fix });
  return result;
}

/** Also those that a writer has made since: it met an id below the relay's floor. */
export async function logSequenceMoves({ db, log }: Deps): Promise<void> {
  for (const { sequence, movedFrom, movedTo, widenedFrom, at } of await takeUnloggedMoves(db)) {
    const widened = widenedFrom === null ? {} : { widened_from: widenedFrom };
    log.warn('sequence.moved', { sequence, from: movedFrom, to: movedTo, ...widened, at, why: WHY });
  }
}

const WHY =
  'it was behind what the tables hold: after a cut-over, a restore of data alone, rows loaded with their ids, or a setval';

/**
 * Before anything of a process runs. Throws `sequence_unfit`; a server that takes no writes is
 * looked at again later, and a role that may only look leaves it to the others: what a role needs
 * for its own work was asked before (db/server/preflight.ts).
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

/** Named while it lasts: ids that are not given out one by one, or lie below what the relay has passed. */
export function sequencesPart(db: Db): () => Promise<Part> {
  return async () => {
    const unfit = await findUnfitEventIds(db);
    if (unfit) return { ready: false, problem: `${unfit.says}. ${unfit.fix}` };
    const { last, floor } = await readEventIdState(db);
    if (last >= floor) return { ready: true };
    const says = `the sequence sync_event_ids was set back to ${last}, and the relay has passed ${floor}: the next write or a running relay moves it forward`;
    return { ready: true, warnings: [says] };
  };
}
