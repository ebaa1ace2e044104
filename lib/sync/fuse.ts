// The delete fuse: a script that deletes half the table, or a wrong key that sees nothing, must not empty the other side.
import type { Tx } from '../../db/connection.ts';
import { holdDeletes, lockConnection } from '../../db/connections.ts';
import { countDeletesSince } from '../../db/intents.ts';
import { countLinked, type Mapping } from '../../db/mappings.ts';
import { uuidLowerBound } from '../uuid.ts';

const WINDOW_MS = 10 * 60_000;
/** So many deletes within the window are always let through. */
const ALWAYS = 20;
/** Beyond that, this part of the living mappings. */
const SHARE = 0.05;

/** Somebody has looked at what was held and let it go: that word is for each of them, and for no other. */
export function isReleased({ reason, reasonDetail }: Pick<Mapping, 'reason' | 'reasonDetail'>): boolean {
  return reason === 'fuse' && reasonDetail?.['released'] === true;
}

/** Whether one more outward delete may go. Counted in Postgres under the connection's row lock; when not, deletes are held. */
export async function mayDeleteOutward(tx: Tx, system: string, now: Date): Promise<boolean> {
  const connection = await lockConnection(tx, system);
  if (!connection || connection.deletesOutHeldAt) return false;
  const since = new Date(
    Math.max(now.getTime() - WINDOW_MS, connection.deletesOutCountedFrom?.getTime() ?? 0),
  );
  const recent = await countDeletesSince(tx, system, uuidLowerBound(since.getTime()));
  if (recent < ALWAYS || recent < SHARE * (await countLinked(tx, system))) return true;
  await holdDeletes(tx, system, now);
  return false;
}
