// The delete fuse: a script that deletes half the table, or a wrong key that sees nothing, must not empty either side.
import type { Db, Tx } from '../../db/server/connection.ts';
import { holdDeletes, lockConnection, readConnection } from '../../db/connections.ts';
import type { Connection, DeleteDirection } from '../../db/connections.ts';
import { countDeletesInSince } from '../../db/deliveries.ts';
import { countDeletesOutSince } from '../../db/intents.ts';
import { countLinked } from '../../db/mappings/list.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { uuidLowerBound } from '../uuid.ts';
import type { Outcome } from './outcome.ts';
import { foresee } from './rehearsal.ts';
import type { SyncDeps, SyncLog } from './step.ts';

const WINDOW_MS = 10 * 60_000;
/** So many deletes within the window are always let through. */
const ALWAYS = 20;
/** Beyond that, this part of the living mappings. */
const SHARE = 0.05;

/** A person has looked at what was held and released it: that decision is for each of them, and for no other. */
export function isReleased({ decision }: Pick<Mapping, 'decision'>): boolean {
  return decision?.kind === 'release';
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
  { system, direction, now, log }: { system: string; direction: DeleteDirection; now: Date; log: SyncLog },
): Promise<boolean> {
  const connection = await lockConnection(tx, system);
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
  const countSince = direction === 'out' ? countDeletesOutSince : countDeletesInSince;
  const recent = await countSince(tx, system, since);
  return { deletes: recent, isFew: recent < ALWAYS || recent < SHARE * (await countLinked(tx, system)) };
}

/** In a rehearsal: whether the delete would go on, by the same count, or be held. */
export async function foreseeDelete(
  deps: SyncDeps,
  mapping: Mapping,
  direction: DeleteDirection,
): Promise<void> {
  if (!deps.rehearsing) return;
  const connection = await readConnection(deps.db, mapping.system);
  const now = deps.clock.now();
  const goes =
    isReleased(mapping) ||
    (connection !== null &&
      heldSince(connection, direction) === null &&
      (await countRecent(deps.db, connection, direction, now)).isFew);
  foresee(deps, () => {
    if (!goes) return { would: 'held', direction };
    return direction === 'out' ? { would: 'delete' } : { would: 'delete_here' };
  });
}
