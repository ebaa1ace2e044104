// The receive gap: what the bus lost (its retention passed, its offsets were reset, a topic was made anew) is found from
// Postgres. A walk through sync_events by id asks for a delivery per event, and receives straight from the table what has none.
//
// Cost follows traffic, not the table: each row is passed once. A crash between receiving and saving repeats a page, which is a
// no-op. Normally it finds nothing, and a number above zero is worth an operator's look.
import { findUndelivered } from '../../db/deliveries.ts';
import { publishedUpTo, readWalkPosition, saveWalkPosition } from '../../db/receive-gap.ts';
import { receiveOutbound, type ReceiveDeps } from './receive.ts';

const PAGE = 500;

export interface GapFound {
  found: number;
  /** The walk stopped at a full page: there may be more at once. */
  more: boolean;
}

export async function closeReceiveGap(
  deps: ReceiveDeps,
  target: { system: string; externalType: string },
): Promise<GapFound> {
  const { db } = deps;
  const name = `receive-gap:${target.system}`;
  const after = await readWalkPosition(db, name);
  const upTo = await publishedUpTo(db);
  if (upTo <= after) return { found: 0, more: false };
  const missing = await findUndelivered(db, { system: target.system, after, upTo, limit: PAGE });
  const found = await receiveOutbound(deps, target, missing);
  const more = missing.length === PAGE;
  const last = missing.at(-1)?.syncEventId;
  await saveWalkPosition(db, name, more && typeof last === 'number' ? last : upTo);
  return { found, more };
}
