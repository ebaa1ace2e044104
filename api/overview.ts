// /overview: how everything stands, in one answer. The same code answers `twinbox status`.

import { Router, type RequestHandler } from 'express';
import type { Db } from '../db/server/connection.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import type { LaneSettings } from '../lib/operations/lane-list.ts';
import { overviewJson, readOverview, type Overview } from '../lib/operations/overview.ts';
import { answerWithin } from './deadline.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

export type OverviewRoutesDeps = {
  db: Db;
  clock: Clock;
  entity: Entity;
  settings: readonly LaneSettings[];
  deadlineMs: number;
  /** Milliseconds that only go on. */
  elapsed: () => number;
};

/** Many pages may be open, and each asks again whenever something changes. */
const TRUSTED_MS = 1_000;

export type OverviewRoutes = {
  router: Router;
  /** In front of the routes of operators: who has acted sees what came of it, not what was read before. */
  forgetAfterActs: RequestHandler;
};

export function overviewRoutes({ deadlineMs, elapsed, ...deps }: OverviewRoutesDeps): OverviewRoutes {
  const router = Router({ caseSensitive: true });
  const memory = remember(() => readOverview(deps, deps.clock.now()), elapsed);
  declareRoute(router, '/overview', {
    get: [
      'viewer',
      answerWithin(deadlineMs),
      async (_req, res) => sendJson(res, 200, overviewJson(await memory.read())),
    ],
  });
  return {
    router,
    forgetAfterActs(req, res, next) {
      if (req.method !== 'GET' && req.method !== 'HEAD') res.once('close', memory.suspend());
      next();
    },
  };
}

/** One reading at a time, which counts for a second from before it began. */
function remember(read: () => Promise<Overview>, elapsed: () => number) {
  let known: { since: number; answer: Promise<Overview> } | null = null;
  let acts = 0;
  return {
    read(): Promise<Overview> {
      // The answer to an act may have arrived before its request has closed here.
      if (acts > 0) return read();
      if (known !== null && elapsed() - known.since < TRUSTED_MS) return known.answer;
      const asked = { since: elapsed(), answer: read() };
      known = asked;
      const forget = (): void => {
        if (known === asked) known = null;
      };
      asked.answer.catch(forget);
      return asked.answer;
    },
    /** Nothing is remembered until the function that this returns is called, nor what was before. */
    suspend(): () => void {
      acts += 1;
      return () => {
        acts -= 1;
        known = null;
      };
    },
  };
}
