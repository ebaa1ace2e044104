// Lanes are paused and resumed: a whole system, one direction of it, or one row at it. Each is one
// transaction with its record in operator_actions: a crash leaves all of it or nothing.
//
// A pause holds for every process on the database, since the claim of a mapping reads it; a step that
// has begun is finished. What is kept back is sent after the end of the pause.
import {
  ensureConnection,
  lockConnection,
  pauseConnection,
  releaseDeletes,
  resumeConnection,
} from '../../db/connections.ts';
import { readRow } from '../../db/entities/rows.ts';
import { forgetBudgets } from '../../db/limits/budgets.ts';
import {
  endLanePause,
  endRowPause,
  pauseLane,
  pauseRow,
  readLanePauses,
  readPairsOfRow,
  type Direction,
  type Pause,
} from '../../db/limits/pauses.ts';
import { endRest } from '../../db/limits/rests.ts';
import { raiseWaiting } from '../../db/mappings/dirty.ts';
import type { Waiting } from '../../db/mappings/reason.ts';
import { raiseHeldDeletes } from '../../db/mappings/writes/decisions.ts';
import { lockWaiting, readLastAction, recordAction } from '../../db/operator-actions.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { heldDeletes } from '../sync/fuse.ts';
import { inOnce, type Once } from './once.ts';

/** What is paused: one of the directions, one row, or with neither the whole system. */
export type LaneAsked = { system: string; direction?: Direction | undefined; row?: number | undefined };

/** Who asks, and why. */
type By = { actor: string; reason: string | null };

export type PauseOutcome =
  | {
      outcome: 'paused' | 'paused_already';
      /** Of the pause that holds: an earlier one keeps its time and its reason. */
      pause: { since: Date; why: string | null; by: string | null };
      /** Steps of the row that a worker has in hand, and will finish; null for a pause of more than a row. */
      inProgress: number | null;
    }
  | { outcome: 'not_found' };

export type Resumed = {
  outcome: 'resumed' | 'not_paused';
  /** The account rested, since its quota was used up. */
  wasResting: boolean;
  releasedDeletes: number;
  /** Pairs that waited for the pause, or for a setting that allows them by now. */
  released: number;
  deletesHeld: boolean;
  /** What else is paused at the system, and still is. */
  stillPaused: Direction[];
};

export type ResumeOutcome = Resumed | { outcome: 'not_found' };

/** `deletes`: also those that the fuse holds. `writes`: the settings allow writes to the system. */
export type ResumeAsked = LaneAsked & { deletes?: boolean; writes?: boolean };

export type LaneOperations = {
  pause(asked: LaneAsked, by: By, once?: Once<PauseOutcome>): Promise<PauseOutcome>;
  resume(asked: ResumeAsked, by: By, once?: Once<ResumeOutcome>): Promise<ResumeOutcome>;
};

type Deps = { db: Db; clock: Clock; entity: Entity };

export function createLaneOperations(deps: Deps): LaneOperations {
  const { db, clock } = deps;
  return {
    pause: (asked, by, once) =>
      withTransaction(
        db,
        inOnce(once, async (tx) => {
          const now = clock.now();
          const result = await pause(tx, deps, { ...asked, ...by, now });
          await failpoint('lanes.before-commit');
          return result;
        }),
      ),
    resume: (asked, by, once) =>
      withTransaction(
        db,
        inOnce(once, async (tx) => {
          const now = clock.now();
          const result = await resume(tx, deps, { ...asked, ...by, now });
          await failpoint('lanes.before-commit');
          return result;
        }),
      ),
  };
}

type Asked = LaneAsked & By & { now: Date };

function pause(tx: Tx, { entity }: Deps, asked: Asked): Promise<PauseOutcome> {
  const { direction, row } = asked;
  if (row !== undefined) return pauseOneRow(tx, entity, { ...asked, row });
  return direction ? pauseDirection(tx, { ...asked, direction }) : pauseSystem(tx, asked);
}

async function pauseSystem(tx: Tx, { system, actor, reason, now }: Asked): Promise<PauseOutcome> {
  await ensureConnection(tx, system);
  const before = await lockConnection(tx, system);
  await pauseConnection(tx, system, reason, now);
  const since = before?.pausedAt ?? null;
  const earlier = since && (await readLastAction(tx, { system, action: 'pause' }));
  const held = since && { since, why: before?.pausedWhy ?? null, by: earlier?.actor ?? null };
  const pause = held ?? { since: now, why: reason, by: actor };
  await recordAction(tx, {
    ...{ action: 'pause', system, actor, reason, at: now },
    ...{ detail: { was_paused: held !== null }, before: pauseJson(held), after: pauseJson(pause) },
  });
  return { outcome: held ? 'paused_already' : 'paused', pause, inProgress: null };
}

async function pauseDirection(
  tx: Tx,
  { system, direction, actor, reason, now }: Asked & { direction: Direction },
): Promise<PauseOutcome> {
  await ensureConnection(tx, system);
  const held = await pauseLane(tx, { system, direction, why: reason, by: actor, now });
  const pause = held ?? { since: now, why: reason, by: actor };
  await recordAction(tx, {
    ...{ action: `pause_${direction}`, system, actor, reason, at: now },
    ...{ detail: { was_paused: held !== null }, before: pauseJson(held), after: pauseJson(pause) },
  });
  return { outcome: held ? 'paused_already' : 'paused', pause, inProgress: null };
}

async function pauseOneRow(
  tx: Tx,
  entity: Entity,
  { system, row, actor, reason, now }: Asked & { row: number },
): Promise<PauseOutcome> {
  if (!(await readRow(tx, entity, row))) return { outcome: 'not_found' };
  const place = { system, entityType: entity.name, rowId: row };
  const held = await pauseRow(tx, { ...place, why: reason, by: actor, now });
  const pause = held ?? { since: now, why: reason, by: actor };
  const pairs = await readPairsOfRow(tx, place);
  await recordAction(tx, {
    ...{ action: 'pause_row', system, actor, reason, at: now },
    detail: { entity: entity.name, row, was_paused: held !== null },
    ...{ before: pauseJson(held), after: pauseJson(pause) },
    pairs: pairs.map(({ mappingId }) => ({ mappingId, eventId: null })),
  });
  const inProgress = pairs.filter((pair) => pair.inProgress).length;
  return { outcome: held ? 'paused_already' : 'paused', pause, inProgress };
}

function resume(tx: Tx, { entity }: Deps, asked: Asked & ResumeAsked): Promise<ResumeOutcome> {
  const { direction, row } = asked;
  if (row !== undefined) return resumeOneRow(tx, entity, { ...asked, row });
  return direction ? resumeDirection(tx, { ...asked, direction }) : resumeSystem(tx, asked);
}

async function resumeSystem(
  tx: Tx,
  { system, actor, reason, now, deletes = false, writes = true }: Asked & ResumeAsked,
): Promise<ResumeOutcome> {
  const by = { system, actor, reason, at: now };
  const stillPaused = await pausedDirections(tx, system);
  const before = await lockConnection(tx, system);
  await resumeConnection(tx, system, now);
  const account = before?.account ?? '';
  const rested = await endRest(tx, { system, account, now });
  await forgetBudgets(tx, { system, account });
  if (deletes) await releaseDeletes(tx, system, now);
  const held = deletes ? await lockWaiting(tx, system, 'fuse') : [];
  // Changes that waited while writes were off are released, unless writes still are off.
  const mayWrite = writes && !stillPaused.includes('outbound');
  const kept = mayWrite ? await lockWaiting(tx, system, 'writes_off') : [];
  const releasedDeletes = deletes ? await raiseHeldDeletes(tx, system, now, { reasons: ['fuse'] }) : 0;
  const released = mayWrite ? await raiseWaiting(tx, system, 'writes_off', now) : 0;
  const deletesHeld = !deletes && before !== null && heldDeletes(before).length > 0;
  const since = before?.pausedAt ?? null;
  const paused = since && { since, why: before?.pausedWhy ?? null };
  if (paused || rested !== null || kept.length > 0)
    await recordAction(tx, {
      ...{ ...by, action: 'resume', pairs: kept },
      detail: {
        was_paused: paused !== null,
        paused_since: since,
        ...(rested && { rested_until: rested }),
        released_writes: kept.length,
      },
      before: paused ? { paused_at: since, paused_why: paused.why } : { rested_until: rested },
      after: { paused_at: null },
    });
  if (deletes)
    await recordAction(tx, {
      ...{ ...by, action: 'release_deletes', pairs: held },
      ...{ detail: { released_deletes: held.length }, before: { held: held.length }, after: { held: 0 } },
    });
  const result = { wasResting: rested !== null, releasedDeletes, released, deletesHeld, stillPaused };
  return { outcome: paused ? 'resumed' : 'not_paused', ...result };
}

/** Of pairs that wait for a pause of the direction. */
const reasonOf: Record<Direction, Waiting['code']> = { outbound: 'writes_off', inbound: 'pulls_off' };

async function resumeDirection(
  tx: Tx,
  { system, direction, actor, reason, now }: Asked & { direction: Direction },
): Promise<ResumeOutcome> {
  // As many pairs may wait as were changed during the pause.
  await tx.raw('set local statement_timeout = 0');
  // Before any mapping is locked (lib/sync/paused.ts).
  const ended = await endLanePause(tx, { system, direction });
  if (!ended) return notPaused(await pausedDirections(tx, system));
  await failpoint('lanes.pause-ended');
  const kept = await lockWaiting(tx, system, reasonOf[direction]);
  // Where the setting is off too, a worker notes them as waiting again.
  const released = await raiseWaiting(tx, system, reasonOf[direction], now);
  await recordAction(tx, {
    ...{ action: `resume_${direction}`, system, actor, reason, at: now, pairs: kept },
    ...{ detail: { released }, before: pauseJson(ended), after: pauseJson(null) },
  });
  return { ...notPaused(await pausedDirections(tx, system)), outcome: 'resumed', released };
}

async function resumeOneRow(
  tx: Tx,
  entity: Entity,
  { system, row, actor, reason, now }: Asked & { row: number },
): Promise<ResumeOutcome> {
  const place = { system, entityType: entity.name, rowId: row };
  const ended = await endRowPause(tx, { ...place, now });
  // The pause of a row that is purged by now can be ended too.
  if (!ended && !(await readRow(tx, entity, row))) return { outcome: 'not_found' };
  if (!ended) return notPaused(await pausedDirections(tx, system));
  const pairs = await readPairsOfRow(tx, place);
  await recordAction(tx, {
    ...{ action: 'resume_row', system, actor, reason, at: now },
    ...{ detail: { entity: entity.name, row }, before: pauseJson(ended), after: pauseJson(null) },
    pairs: pairs.map(({ mappingId }) => ({ mappingId, eventId: null })),
  });
  return { ...notPaused(await pausedDirections(tx, system)), outcome: 'resumed' };
}

async function pausedDirections(tx: Tx, system: string): Promise<Direction[]> {
  return (await readLanePauses(tx, system)).map(({ direction }) => direction);
}

function notPaused(stillPaused: Direction[]): Resumed {
  const nothing = { wasResting: false, releasedDeletes: 0, released: 0, deletesHeld: false };
  return { outcome: 'not_paused', ...nothing, stillPaused };
}

function pauseJson(pause: Omit<Pause, 'by'> | null): Record<string, unknown> {
  return { paused_at: pause?.since ?? null, paused_why: pause?.why ?? null };
}
