// Closing: a person says of pairs that are parked or wait that they need no person any more. Nothing is
// deleted or sent; the pairs leave the groups and what needs attention, and are open again as soon as
// they get an event, are replayed or are decided about (db/mappings/closed-pairs.ts).
import { closePairs } from '../../db/mappings/closed-pairs.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { selectPairs } from '../../db/replays/plans.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { inOnce, type Once } from './once.ts';
import { selectionIn, type Selecting } from './selection-words.ts';

/** `left`: pairs that are not at rest in a state that can be closed, or are closed already. */
export type CloseOutcome = { outcome: 'closed'; selected: number; closed: number; left: number };

/** Closes the pairs of a selection, and records who did it and why. A repeat of `once` selects nothing. */
export function closeSelected(
  { db, clock }: { db: Db; clock: Clock },
  { selection, actor, reason }: { selection: Selecting; actor: string; reason: string },
  once?: Once<CloseOutcome>,
): Promise<CloseOutcome> {
  const close = async (tx: Tx): Promise<CloseOutcome> => {
    const now = clock.now();
    const ids = await selectPairs(tx, await selectionIn(tx, selection));
    const closed = await closePairs(tx, { ids, now, actor, reason });
    for (const [system, pairs] of Map.groupBy(closed, (each) => each.system))
      await recordAction(tx, {
        ...{ action: 'close', system, actor, reason, at: now, detail: { mappings: pairs.length } },
        pairs: pairs.map(({ id }) => ({ mappingId: id, eventId: null })),
      });
    return {
      outcome: 'closed',
      ...{ selected: ids.length, closed: closed.length, left: ids.length - closed.length },
    };
  };
  return withTransaction(db, inOnce(once, close));
}
