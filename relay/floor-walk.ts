// Walks through the events below the floor, finds those that were never published, and publishes
// them.
//
// Guarantees: each such event goes to its topics as an event of a page does. Its batches are stored
// in relay_batches under the fence, in the same transaction as the position of the walk. A crash
// between publishing and storing the position publishes the events again; consumers recognise them
// by event_id. The walk reads a chunk of rows at a time, only while there is a reason
// (db/relay/floor-walk.ts). After its end there is a second walk, once the transactions that ran
// when the first one began have ended: they may hold a low id that was not visible before. A row
// that cannot be read is noted and left out, and the walk goes on. An event that is published so
// late may be older than the newest version of its entity: consumers ignore it, and the workers
// compare the pair.
import type { Db } from '../db/server/connection.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import { lookFor, readLost, readWalk, saveWalk, type Walk } from '../db/relay/floor-walk.ts';
import type { PageRow } from '../db/relay/page-row.ts';
import type { Bus } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import { toMessages, type HeaderStyle } from '../lib/events/envelope.ts';
import type { Routing } from '../lib/events/routing.ts';
import { noteSkipped, workInHalves } from '../lib/skipped.ts';
import { sendPage, toBatches } from './send.ts';

export type FloorWalkDeps = {
  db: Db;
  bus: Bus;
  clock: Clock;
  log: { warn(event: string, fields?: Record<string, unknown>): void };
  routing: Routing;
  headers: HeaderStyle;
  /** The instance id of the database; it is known once the cursor is claimed. */
  installation: () => string;
  monotonic: () => number;
};

export type FloorWalk = {
  /**
   * Walks through one chunk, if the time has come for one. `busy`: pages are being published.
   * Returns whether there are more rows to read now.
   */
  step(active: { fence: number; busy: boolean; mayStillSend: () => boolean }): Promise<boolean>;
  /** A sequence was moved: the next step looks for a walk at once. */
  lookNow(): void;
};

/**
 * The number of rows that one statement reads; the rest between two looks when there is no walk;
 * and the rest between two chunks while pages are being published.
 */
const CHUNK = 5_000;
const LOOK_EVERY_MS = 5_000;
const BUSY_EVERY_MS = 250;

const LEFT_OUT = {
  loop: 'relay',
  instead:
    'the event is below the relay’s floor and is not on the bus; npx twinbox verify --repair compares its pair',
} as const;

export function createFloorWalk(deps: FloorWalkDeps): FloorWalk {
  const { db, bus, log, routing, headers, monotonic } = deps;
  let next = -Infinity;

  async function step(active: {
    fence: number;
    busy: boolean;
    mayStillSend: () => boolean;
  }): Promise<boolean> {
    if (monotonic() < next) return false;
    const walk = await readWalk(db);
    const more = walk !== null && (await goOnOrPass(walk, active));
    next = monotonic() + (more ? (active.busy ? BUSY_EVERY_MS : 0) : LOOK_EVERY_MS);
    return more && !active.busy;
  }

  /** A fault of one row must not stop the pages: the walk keeps its position and logs the fault. */
  async function goOnOrPass(
    walk: Walk,
    active: { fence: number; mayStillSend: () => boolean },
  ): Promise<boolean> {
    try {
      return await goOn(walk, active);
    } catch (error) {
      if (!isOfOneRow(error)) throw error;
      log.warn('relay.floor_walk_failed', { walkedTo: walk.walkedTo, upTo: walk.upTo, error });
      return false;
    }
  }

  async function goOn(
    walk: Walk,
    { fence, mayStillSend }: { fence: number; mayStillSend: () => boolean },
  ): Promise<boolean> {
    const { id, upTo } = walk;
    if (walk.walkedTo >= upTo) return await beginAgain(walk, fence);
    const { walkedTo, missing } = await lookFor(db, walk, {
      limit: CHUNK,
      isWanted: (eventType) => routing(eventType).length > 0,
    });
    const rows: PageRow[] = [];
    await workInHalves(
      missing,
      async (ids) => rows.push(...(await readLost(db, ids))),
      (syncEventId, error) => noteSkipped(deps, { ...LEFT_OUT, item: `sync_events ${syncEventId}` }, error),
    );
    const batches = await publish(rows, mayStillSend);
    if (batches === null) return false;
    const ended = walkedTo >= upTo && walk.final;
    const saved = await saveWalk(db, {
      ...{ id, fence, final: walk.final, walkedTo: ended ? null : walkedTo },
      ...{ published: rows.length, batches },
    });
    return saved;
  }

  /**
   * Begins the second walk, once no open transaction can still hold a low id that is not visible
   * yet.
   */
  async function beginAgain({ id, final, settled }: Walk, fence: number): Promise<boolean> {
    if (!final && !settled) return false;
    const save = { id, fence, walkedTo: final ? null : 0, final: true, published: 0, batches: [] };
    return await saveWalk(db, save);
  }

  async function publish(rows: readonly PageRow[], mayStillSend: () => boolean) {
    if (rows.length === 0) return [];
    const messages = toMessages(rows, { routing, headers, installation: deps.installation() });
    const sent = await sendPage(bus, messages, mayStillSend);
    if (sent === null) return null;
    log.warn('relay.lost_events_found', {
      found: rows.length,
      first: rows[0]?.id,
      last: rows.at(-1)?.id,
      refused: sent.refused.length,
    });
    return toBatches(messages, sent.places);
  }

  return { step, lookNow: () => void (next = -Infinity) };
}
