// The record of sequences that were moved forward: one process logs each move, and the doctor shows
// it.
import type { Db } from '../server/handles.ts';
import type { SequenceMove } from './move-forward.ts';

export type RecordedMove = SequenceMove & { at: Date };

const columns = `sequence, moved_from as "movedFrom", moved_to as "movedTo", widened_from as "widenedFrom", moved_at as at`;

/** The moves that no process has logged yet, oldest first; they count as logged from now on. */
export async function takeUnloggedMoves(db: Db): Promise<RecordedMove[]> {
  const { rows } = await db.raw<{ rows: RecordedMove[] }>(
    `update sequence_moves set logged_at = clock_timestamp() where logged_at is null returning ${columns}`,
  );
  return rows.sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** The newest move of each sequence since then. A row that a migration wrote is not a move. */
export async function readMovesSince(db: Db, since: Date): Promise<RecordedMove[]> {
  const { rows } = await db.raw<{ rows: RecordedMove[] }>(
    `select distinct on (sequence) ${columns} from sequence_moves
     where moved_at >= :since::timestamptz and (moved_from <> moved_to or widened_from is not null)
     order by sequence, moved_at desc`,
    { since },
  );
  return rows;
}
