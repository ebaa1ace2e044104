// The receive gap: what the bus lost (its retention passed, its offsets were reset, a topic was made anew) is found from
// Postgres. A walk through sync_events by id asks for a delivery per event, and receives straight from the table what has none.
//
// Cost follows traffic, not the table: each row is passed once. A crash between receiving and saving repeats a page, which is a
// no-op. Normally it finds nothing, and a number above zero is worth an operator's look.
import { findUndelivered } from '../../db/deliveries.ts';
import { findUnheard } from '../../db/inbound.ts';
import { publishedUpTo, readWalkPosition, saveWalkPosition } from '../../db/receive-gap.ts';
import { receiveInbound, toExternalEvent } from './inbound.ts';
import { receiveOutbound, type ReceiveDeps } from './receive.ts';

const PAGE = 500;

export interface GapFound {
  found: number;
  /** The walk stopped at a full page: there may be more at once. */
  more: boolean;
}

export interface GapTarget {
  system: string;
  externalType: string;
  /** How our own idempotency keys begin. */
  keyPrefix: string;
}

type Range = { system: string; after: number; upTo: number; limit: number };

/** Both ways of one system. */
export async function closeReceiveGap(deps: ReceiveDeps, target: GapTarget): Promise<GapFound> {
  const { system, keyPrefix } = target;
  const outward = await walk(deps, `receive-gap:${system}`, system, async (range) => {
    const missing = await findUndelivered(deps.db, range);
    await receiveOutbound(deps, target, missing);
    return missing.map((event) => event.syncEventId ?? range.upTo);
  });
  const inward = await walk(deps, `receive-gap:${system}:internal`, system, async (range) => {
    const missing = await findUnheard(deps.db, range);
    await receiveInbound(
      deps,
      target,
      missing.flatMap((event) => toExternalEvent(event, event.syncEventId, keyPrefix) ?? []),
    );
    return missing.map((event) => event.syncEventId);
  });
  return { found: outward.found + inward.found, more: outward.more || inward.more };
}

async function walk(
  { db }: ReceiveDeps,
  name: string,
  system: string,
  closePage: (range: Range) => Promise<number[]>,
): Promise<GapFound> {
  const after = await readWalkPosition(db, name);
  const upTo = await publishedUpTo(db);
  if (upTo <= after) return { found: 0, more: false };
  const ids = await closePage({ system, after, upTo, limit: PAGE });
  const more = ids.length === PAGE;
  await saveWalkPosition(db, name, more ? (ids.at(-1) ?? upTo) : upTo);
  return { found: ids.length, more };
}
