// The delete fuse: a script that deletes half the table, or a wrong key that sees nothing, must not
// empty either side.
import type { Db, Tx } from '../../db/server/connection.ts';
import { holdDeletes, lockConnection, lockConnections, readConnection } from '../../db/connections.ts';
import type { Connection, DeleteDirection } from '../../db/connections.ts';
import { countDeletesInSince } from '../../db/deliveries.ts';
import { countDeletesOutSince } from '../../db/closed-intents.ts';
import { countLinked, countLinkedRows } from '../../db/mappings/list.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { uuidLowerBound } from '../uuid.ts';
import { isReleased } from './consent.ts';
import type { SyncDeps, SyncLog } from './step.ts';

const WINDOW_MS = 10 * 60_000;
/** So many deletes within the window are always let through. */
const ALWAYS = 20;
/** Beyond that, this part of the living mappings. */
const SHARE = 0.05;

/** What is held, as text, and since when. */
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

/**
 * Whether one more delete may be carried over. Counted in Postgres under the connection's row lock,
 * for each direction by itself; when not, deletes of that direction are held until an operator
 * releases them. What deletions do to our rows counts whichever system they come from: ten systems
 * with nineteen deletions each are not nothing.
 */
export async function mayDelete(
  tx: Tx,
  { system, direction, now, log }: { system: string; direction: DeleteDirection; now: Date; log: SyncLog },
): Promise<boolean> {
  // Deletions at all systems count together, so only one lane may count at a time.
  const connection = await (direction === 'in' ? lockConnections : lockConnection)(tx, system);
  if (!connection) return false;
  if (heldSince(connection, direction) !== null) return false;
  const { deletes, isFew } = await countRecent(tx, connection, direction, now);
  if (isFew) return true;
  await holdDeletes(tx, system, direction, now);
  const why = `${deletes} deletes within ten minutes are not less than ${ALWAYS}, nor than ${SHARE * 100} % of the pairs`;
  log.warn('fuse.held', { system, direction, deletes, why });
  return false;
}

function heldSince(connection: Connection, direction: DeleteDirection): Date | null {
  return direction === 'out' ? connection.deletesOutHeldAt : connection.deletesInHeldAt;
}

async function countRecent(
  tx: Db | Tx,
  connection: Connection,
  direction: DeleteDirection,
  now: Date,
): Promise<{ deletes: number; isFew: boolean }> {
  const { system } = connection;
  const from = direction === 'out' ? connection.deletesOutCountedFrom : connection.deletesInCountedFrom;
  const since = uuidLowerBound(Math.max(now.getTime() - WINDOW_MS, from?.getTime() ?? 0));
  const recent =
    direction === 'out'
      ? await countDeletesOutSince(tx, system, since)
      : await countDeletesInSince(tx, since);
  const isFew =
    recent < ALWAYS ||
    recent < SHARE * (direction === 'out' ? await countLinked(tx, system) : await countLinkedRows(tx));
  return { deletes: recent, isFew };
}

/** Whether the delete would go on now, by the same count; nothing is locked or held by asking. */
export async function wouldDelete(
  { db, clock }: Pick<SyncDeps, 'db' | 'clock'>,
  mapping: Mapping,
  direction: DeleteDirection,
): Promise<boolean> {
  if (isReleased(mapping)) return true;
  const connection = await readConnection(db, mapping.system);
  if (connection === null || heldSince(connection, direction) !== null) return false;
  return (await countRecent(db, connection, direction, clock.now())).isFew;
}
