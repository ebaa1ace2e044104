// /lanes and /traffic: how the work of each system stands, and the acts that pause and resume it. The rules are in
// lib/operations/lanes.ts; the same code answers `twinbox lanes`, `pause` and `resume`.

import { Router, type Request } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { lanesJson, readLanes, type LaneSettings } from '../lib/operations/lane-list.ts';
import { readTrafficOf, trafficJson } from '../lib/operations/traffic.ts';
import type { LaneAsked, LaneOperations, PauseOutcome, ResumeOutcome } from '../lib/operations/lanes.ts';
import { readJson } from './body.ts';
import { operatorOf } from './callers.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, demandNoQuery, invalid, paramsOf } from './input.ts';
import {
  lanePathSchema,
  pauseSchema,
  resumeSchema,
  type PauseBody,
  type ResumeBody,
} from './lane-schemas.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ system: string }>(lanePathSchema);
const checkPause = compileCheck<PauseBody>(pauseSchema);
const checkResume = compileCheck<ResumeBody>(resumeSchema);

export type LaneRoutesDeps = {
  db: Db;
  clock: Clock;
  operations: LaneOperations;
  /** The systems that are kept in step, and what the settings allow. */
  settings: readonly LaneSettings[];
  deadlineMs: number;
};

export function laneRoutes(deps: LaneRoutesDeps): Router {
  const { db, clock, operations, settings, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/lanes', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        demandNoQuery(req);
        sendJson(res, 200, (await readLanes(db, settings, clock.now())).map(lanesJson));
      },
    ],
  });

  const names = settings.map(({ system }) => system);
  declareRoute(router, '/traffic', {
    get: [
      'viewer',
      soon,
      async (_req, res) => sendJson(res, 200, trafficJson(await readTrafficOf(db, names, clock.now()))),
    ],
  });

  declareRoute(router, '/lanes/:system/pause', {
    post: [
      'operator',
      ...readJson(),
      soon,
      async (req, res) => {
        const { system } = systemOf(req, settings);
        const { reason = null, ...asked } = demand('body', checkPause(req.body));
        const about = aboutOf(system, asked);
        await answerOnce<PauseOutcome>([req, res], clock, pausedJson(about), (once) =>
          operations.pause(about, { actor: operatorOf(req), reason }, once),
        );
      },
    ],
  });

  declareRoute(router, '/lanes/:system/resume', {
    post: [
      'operator',
      ...readJson(),
      soon,
      async (req, res) => {
        const { system, writes } = systemOf(req, settings);
        const { reason = null, deletes = false, ...asked } = demand('body', checkResume(req.body));
        const about = aboutOf(system, asked);
        if (deletes && (about.direction !== undefined || about.row !== undefined))
          throw exclusive(
            '/deletes',
            'releases the deletes of a whole system: leave out direction and customer',
          );
        await answerOnce<ResumeOutcome>([req, res], clock, resumedJson(about), (once) =>
          operations.resume({ ...about, deletes, writes }, { actor: operatorOf(req), reason }, once),
        );
      },
    ],
  });
  return router;
}

function systemOf(req: Request, settings: readonly LaneSettings[]): LaneSettings {
  const { system } = demand('path', checkPath(paramsOf(req, lanePathSchema)));
  const found = settings.find((each) => each.system === system);
  if (found) return found;
  const names = settings.map((each) => each.system).join(', ');
  throw new Problem('lane_not_found', `No system of this name is kept in step; there is ${names || 'none'}.`);
}

function aboutOf(system: string, { direction, customer }: PauseBody): LaneAsked {
  if (direction !== undefined && customer !== undefined)
    throw exclusive('/customer', 'cannot be given together with direction: a customer is paused in both');
  return { system, direction, row: customer };
}

function exclusive(pointer: string, detail: string): Problem {
  return invalid([{ in: 'body', pointer, code: 'exclusive', detail }]);
}

const noCustomer = (): Problem => new Problem('customer_not_found', 'No customer has this id.');

const aboutJson = ({ system, direction, row }: LaneAsked) => ({
  ...{ system, direction: direction ?? null, customer: row ?? null },
});

const pausedJson =
  (about: LaneAsked) =>
  (result: PauseOutcome): Sent | Problem => {
    if (result.outcome === 'not_found') return noCustomer();
    const { outcome, pause, inProgress } = result;
    return { status: 200, body: { outcome, ...aboutJson(about), ...pause, in_progress: inProgress } };
  };

const resumedJson =
  (about: LaneAsked) =>
  (result: ResumeOutcome): Sent | Problem => {
    if (result.outcome === 'not_found') return noCustomer();
    const { outcome, wasResting, released, releasedDeletes, deletesHeld, stillPaused } = result;
    const counts = { was_resting: wasResting, released, released_deletes: releasedDeletes };
    const rest = { ...counts, deletes_held: deletesHeld, still_paused: stillPaused };
    return { status: 200, body: { outcome, ...aboutJson(about), ...rest } };
  };
