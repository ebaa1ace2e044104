// The receive gap: events that the bus lost (its retention passed, its offsets were reset, a topic
// was created again) are found from PostgreSQL. A walk through sync_events by id looks for the
// delivery of each event, and receives the events without one straight from the table.
//
// The walk stops where the consumer group has committed: an event that the group has still to read
// is late and not lost. Lost events do not hold the walk up: their offsets are below the first that
// is left, or beyond the last one of a topic that was created again.
//
// The cost grows with traffic and not with the table: each row is passed once. A crash between
// receiving and storing the position repeats a page, which changes nothing. Normally the walk finds
// nothing, and an operator should look into a number above zero.
import { findUndelivered } from '../../db/deliveries.ts';
import type { Target } from '../../db/deliveries.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { findNotReceived, type ExternalEvent } from '../../db/inbound.ts';
import {
  firstAwaitedId,
  publishedUpTo,
  readWalkPosition,
  saveWalkPosition,
  walkName,
} from '../../db/relay/receive-gap.ts';
import type { Bus } from '../bus/bus.ts';
import { AppError } from '../errors.ts';
import { topics } from '../events/routing.ts';
import { noteSkipped } from '../skipped.ts';
import { receiveInbound } from './inbound.ts';
import { readStored } from './reported.ts';
import { receiveOutbound } from './receive.ts';
import type { ReceiveDeps } from './receive-deps.ts';

const PAGE = 500;

export interface GapFound {
  found: number;
  /** The walk stopped at a full page: there may be more to find at once. */
  more: boolean;
}

export interface GapTarget {
  system: string;
  /** By the entity: the kinds of records that the system keeps for us. */
  targets: ReadonlyMap<string, Target>;
  /** The beginning of our own idempotency keys. */
  keyPrefix: string;
  /** The consumer groups of the outbound and the inbound events. */
  groups: { outbound: string; inbound: string };
}

type Range = { system: string; after: number; upTo: number; limit: number };

export type GapDeps = ReceiveDeps & { bus: Pick<Bus, 'progress'> };

/** Both directions of one system. Rejects while the bus cannot give the positions of the groups. */
export async function closeReceiveGap(deps: GapDeps, target: GapTarget): Promise<GapFound> {
  const { system, targets, keyPrefix, groups } = target;
  const entityTypes = [...targets.keys()];
  const ofOurs = {
    name: walkName(system, 'outbound'),
    system,
    topic: topics.outbound,
    group: groups.outbound,
  };
  const outbound = await walk(deps, ofOurs, async (range) => {
    const missing = await findUndelivered(deps.db, { ...range, entityTypes });
    await receiveOutbound(deps, targets, missing);
    return missing.map((event) => event.syncEventId ?? range.upTo);
  });
  const ofTheirs = {
    name: walkName(system, 'inbound'),
    system,
    topic: topics.inbound,
    group: groups.inbound,
  };
  const inbound = await walk(deps, ofTheirs, async (range) => {
    const missing = await findNotReceived(deps.db, { ...range, entityTypes });
    const events: ExternalEvent[] = [];
    for (const stored of missing) {
      const read = readStored(stored, keyPrefix);
      if ('event' in read) events.push(read.event);
      else await noteUnreadable(deps, stored.event_id, read.problems);
    }
    await receiveInbound(deps, targets, events);
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
  // In this order: the bus position of every event that was published up to here is known.
  const published = await publishedUpTo(db);
  if (published <= after) return { found: 0, more: false };
  const progress = (await bus.progress(topic, group)) ?? [];
  const awaited = progress
    .map(({ next, low, high, ...place }) => ({ ...place, from: Math.max(next, low), to: high }))
    .filter(({ from, to }) => from < to);
  const first = await firstAwaitedId(db, awaited);
  const upTo = first === null ? published : Math.min(published, first - 1);
  if (upTo <= after) return { found: 0, more: false };
  // The range is halved until a row that cannot be read is found, and the row is skipped; the rest
  // of the range follows in the next call.
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
