// /overview: how everything stands, in one answer. The same code answers `twinbox status`.

import { Router } from 'express';
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

export function overviewRoutes({ deadlineMs, elapsed, ...deps }: OverviewRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const read = remember(() => readOverview(deps, deps.clock.now()), elapsed);
  declareRoute(router, '/overview', {
    get: [
      'viewer',
      answerWithin(deadlineMs),
      async (_req, res) => sendJson(res, 200, overviewJson(await read())),
    ],
  });
  return router;
}

/** One reading at a time, which counts for a second from before it began. */
function remember(read: () => Promise<Overview>, elapsed: () => number): () => Promise<Overview> {
  let known: { since: number; answer: Promise<Overview> } | null = null;
  return () => {
    if (known !== null && elapsed() - known.since < TRUSTED_MS) return known.answer;
    const asked = { since: elapsed(), answer: read() };
    known = asked;
    const forget = (): void => {
      if (known === asked) known = null;
    };
    asked.answer.catch(forget);
    return asked.answer;
  };
}
