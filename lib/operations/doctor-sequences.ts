// What the doctor reports about the sequences. It reads, and moves no sequence.
import type { Db } from '../../db/server/connection.ts';
import { findUnfitEventIds } from '../../db/sequences/event-ids.ts';
import { readMovesSince, type RecordedMove } from '../../db/sequences/moved.ts';
import { findBehind } from '../../db/sequences/move-forward.ts';
import { checks, type Check } from '../finding.ts';

const { ok, warning, problem } = checks;

/**
 * Moves up to this age are reported: long enough for an operator who runs the doctor the day after
 * a cut-over.
 */
const SHOWN_MS = 2 * 86_400_000;

export async function examineSequences(db: Db, now: Date): Promise<Check[]> {
  const unfit = await findUnfitEventIds(db);
  const behind = await findBehind(db);
  const moves = await readMovesSince(db, new Date(now.getTime() - SHOWN_MS));
  const events = moves.filter(({ sequence }) => sequence === 'sync_event_ids');
  const found = [
    ...(unfit ? [problem('sequences', unfit.says, unfit.fix)] : []),
    ...behind.map(({ says, fix }) => problem('sequences', says, fix)),
    ...events.map((move) => warning('sequences', sayMove(move), LOOK)),
  ];
  if (found.length > 0) return found;
  return [ok('sequences', ['ahead of their tables', ...moves.map(sayMove)].join('; '))];
}

const LOOK =
  'Find out who set the sequence back (a cut-over, a restore of data alone, a setval). The relay looks by itself for events that were lost meanwhile.';

function sayMove({ sequence, movedFrom, movedTo, widenedFrom, at }: RecordedMove): string {
  const moved = movedFrom === movedTo ? '' : `was behind and was moved from ${movedFrom} to ${movedTo}`;
  const widened = widenedFrom === null ? '' : `was too small (${widenedFrom}) and is bigint now`;
  const what = [moved, widened].filter((each) => each !== '').join(', ');
  return `the sequence ${sequence} ${what} (${at.toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
}
