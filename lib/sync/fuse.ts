// The delete fuse: a script that deletes half the table, or a wrong key that sees nothing, must not empty either side.
import type { Tx } from '../../db/connection.ts';
import { holdDeletes, lockConnection, type Connection, type DeleteDirection } from '../../db/connections.ts';
import { countDeletesInSince } from '../../db/deliveries.ts';
import { countDeletesOutSince } from '../../db/intents.ts';
import { countLinked } from '../../db/mappings-list.ts';
import type { Mapping } from '../../db/mappings.ts';
import { uuidLowerBound } from '../uuid.ts';
import type { Outcome } from './outcome.ts';

const WINDOW_MS = 10 * 60_000;
/** So many deletes within the window are always let through. */
const ALWAYS = 20;
/** Beyond that, this part of the living mappings. */
const SHARE = 0.05;

/** Somebody has looked at what was held and let it go: that word is for each of them, and for no other. */
export function isReleased({ reason, reasonDetail }: Pick<Mapping, 'reason' | 'reasonDetail'>): boolean {
  return reason === 'fuse' && reasonDetail?.['released'] === true;
}

/** What is held, in words, and since when. */
export function heldDeletes({ system, deletesOutHeldAt, deletesInHeldAt }: Connection): {
  says: string;
  since: Date;
}[] {
  return [
    ...(deletesOutHeldAt
      ? [{ says: `deletes to ${system} are held by the fuse`, since: deletesOutHeldAt }]
      : []),
    ...(deletesInHeldAt
      ? [{ says: `deletions at ${system} are held by the fuse, our rows stay`, since: deletesInHeldAt }]
      : []),
  ];
}

/** Held until somebody lets it go. */
export function heldDelete(direction: DeleteDirection): Outcome {
  return { kind: 'waiting', reason: 'fuse', detail: { operation: 'delete', direction } };
}

/**
 * Whether one more delete may be carried over. Counted in Postgres under the connection's row lock, for each direction by itself;
 * when not, deletes of that direction are held until somebody lets them go.
 */
export async function mayDelete(
  tx: Tx,
  { system, direction, now }: { system: string; direction: DeleteDirection; now: Date },
): Promise<boolean> {
  const connection = await lockConnection(tx, system);
  if (!connection) return false;
  const [heldAt, countedFrom] =
    direction === 'out'
      ? [connection.deletesOutHeldAt, connection.deletesOutCountedFrom]
      : [connection.deletesInHeldAt, connection.deletesInCountedFrom];
  if (heldAt) return false;
  const since = uuidLowerBound(Math.max(now.getTime() - WINDOW_MS, countedFrom?.getTime() ?? 0));
  const countSince = direction === 'out' ? countDeletesOutSince : countDeletesInSince;
  const recent = await countSince(tx, system, since);
  if (recent < ALWAYS || recent < SHARE * (await countLinked(tx, system))) return true;
  await holdDeletes(tx, system, direction, now);
  return false;
}
