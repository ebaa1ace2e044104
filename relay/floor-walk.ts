// Looks below the floor for events that were never published, and publishes them.
//
// Guarantees: each such event goes to its topics, as the relay's pages do: noted in relay_batches
// under the fence, in the same transaction as the walk's position. A crash between publishing and
// that save sends them again, which consumers know by event_id. It goes through the rows a chunk at
// a time, only while there is a reason (db/relay/floor-walk.ts), and one walk more once the
// transactions that ran at its beginning are over: they may have had a low id that was not visible
// yet. A row that cannot be read is left out and noted; the others go on. An event that comes this
// late may be older than its entity's last version: consumers pass it over, and the workers compare
// the pair.
import type { Db } from '../db/server/connection.ts';
import { isOfOneRow } from '../db/server/errors.ts';
import { lookFor, readLost, readWalk, saveWalk, type Walk } from '../db/relay/floor-walk.ts';
import type { PageRow } from '../db/relay/cursor.ts';
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
  /** Of the database, known once the cursor is claimed. */
  installation: () => string;
  monotonic: () => number;
};

export type FloorWalk = {
  /**
   * One chunk, if it is time for one. `busy`: pages go out. Answers whether there is more to look
   * at, now.
   */
  step(active: { fence: number; busy: boolean; mayStillSend: () => boolean }): Promise<boolean>;
  /** A sequence was moved: look now. */
  lookNow(): void;
};

/**
 * Rows looked at under one statement; and how often without a walk, and how often beside pages that
 * go out.
 */
const CHUNK = 5_000;
const LOOK_EVERY_MS = 5_000;
const BUSY_EVERY_MS = 250;

const LEFT_OUT = {
  loop: 'relay',
  instead:
    'it lies below what the relay has passed and is not on the bus; npx twinbox verify --repair compares its pair',
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

  /** What is wrong with the table must not stop the pages: the walk stays where it is, and says so. */
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
   * Once more from the beginning, when no open transaction can still hold a low id that is not
   * visible yet.
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
