// The receive gap: what the bus lost (its retention passed, its offsets were reset, a topic was
// made anew) is found from Postgres. A walk through sync_events by id asks for a delivery per
// event, and receives straight from the table what has none.
//
// It goes no further than what the group has done with: what still lies on the bus for it is late,
// not lost. What the bus has lost is not awaited: it lies below the first offset that is left, or
// beyond the last one of a topic that was made anew.
//
// Cost follows traffic, not the table: each row is passed once. A crash between receiving and
// saving repeats a page, which is a no-op. Normally it finds nothing, and a number above zero is
// worth an operator's look.
import { findUndelivered } from '../../db/deliveries.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { findNotReceived, type ExternalEvent } from '../../db/inbound.ts';
import {
  firstAwaitedId,
  publishedUpTo,
  readWalkPosition,
  saveWalkPosition,
} from '../../db/relay/receive-gap.ts';
import type { Bus } from '../bus/bus.ts';
import { AppError } from '../errors.ts';
import { topics } from '../events/routing.ts';
import { noteSkipped } from '../skipped.ts';
import { readStored, receiveInbound } from './inbound.ts';
import { receiveOutbound } from './receive.ts';
import type { ReceiveDeps } from './receive-deps.ts';

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
  /** The groups by which the two ways are received. */
  groups: { outbound: string; inbound: string };
}

type Range = { system: string; after: number; upTo: number; limit: number };

export type GapDeps = ReceiveDeps & { bus: Pick<Bus, 'progress'> };

/** Both ways of one system. Rejects while the bus cannot say how far the groups are. */
export async function closeReceiveGap(deps: GapDeps, target: GapTarget): Promise<GapFound> {
  const { system, keyPrefix, groups } = target;
  const ofOurs = { name: `receive-gap:${system}`, system, topic: topics.outbound, group: groups.outbound };
  const outbound = await walk(deps, ofOurs, async (range) => {
    const missing = await findUndelivered(deps.db, range);
    await receiveOutbound(deps, target, missing);
    return missing.map((event) => event.syncEventId ?? range.upTo);
  });
  const ofTheirs = {
    name: `receive-gap:${system}:internal`,
    system,
    topic: topics.inbound,
    group: groups.inbound,
  };
  const inbound = await walk(deps, ofTheirs, async (range) => {
    const missing = await findNotReceived(deps.db, range);
    const events: ExternalEvent[] = [];
    for (const stored of missing) {
      const read = readStored(stored, keyPrefix);
      if ('event' in read) events.push(read.event);
      else await noteUnreadable(deps, stored.event_id, read.problems);
    }
    await receiveInbound(deps, target, events);
    return missing.map((event) => event.syncEventId);
  });
  return { found: outbound.found + inbound.found, more: outbound.more || inbound.more };
}

function noteUnreadable(deps: GapDeps, eventId: string, problems: string[]): Promise<void> {
  // Pointers and rules, of what our own intake has written.
  const item = `event ${eventId}: ${problems.join('; ')}`.slice(0, 200);
  const error = new AppError('internal', { detail: 'a stored event is not as intake writes it' });
  return noteSkipped(deps, { loop: 'gap', item, instead: NOT_RECEIVED }, error);
}

type Way = { name: string; system: string; topic: string; group: string };

async function walk(
  deps: GapDeps,
  { name, system, topic, group }: Way,
  closePage: (range: Range) => Promise<number[]>,
): Promise<GapFound> {
  const { db, bus } = deps;
  const after = await readWalkPosition(db, name);
  // In this order: of all that was published by then it is known where it lies.
  const published = await publishedUpTo(db);
  if (published <= after) return { found: 0, more: false };
  const progress = (await bus.progress(topic, group)) ?? [];
  const awaited = progress
    .map(({ next, low, high, ...place }) => ({ ...place, from: Math.max(next, low), to: high }))
    .filter(({ from, to }) => from < to);
  const first = await firstAwaitedId(db, awaited);
  const upTo = first === null ? published : Math.min(published, first - 1);
  if (upTo <= after) return { found: 0, more: false };
  // A row that cannot be read is found by halves of the way, and passed; what is left of the way
  // comes with the next call.
  for (let end = upTo; ;) {
    try {
      const ids = await closePage({ system, after, upTo: end, limit: PAGE });
      const full = ids.length === PAGE;
      await saveWalkPosition(db, name, full ? (ids.at(-1) ?? end) : end);
      return { found: ids.length, more: full || end < upTo };
    } catch (error) {
      if (!isOfOneRow(error)) throw error;
      if (end - after > 1) {
        end = after + Math.floor((end - after) / 2);
        continue;
      }
      await noteSkipped(deps, { loop: 'gap', item: `sync_events ${end}`, instead: NOT_RECEIVED }, error);
      await saveWalkPosition(db, name, end);
      return { found: 0, more: end < upTo };
    }
  }
}

const NOT_RECEIVED = 'nothing, if the bus has not brought it: twinbox verify --repair compares its pair';
