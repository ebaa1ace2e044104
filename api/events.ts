// /events: the outbox and the inbox in one list, and everything that is stored about one event. The
// same code answers `twinbox events`.

import { Router, type RequestHandler } from 'express';
import { listEvents } from '../db/events/list.ts';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { listedEventJson, timelineJson } from '../lib/operations/event-json.ts';
import { readEventWords } from '../lib/operations/event-query.ts';
import { encodeCursor } from '../lib/operations/list-cursor.ts';
import { readTimeline } from '../lib/operations/timeline.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { eventPathSchema, eventQuerySchema, type EventQuery } from './event-schemas.ts';
import { demand, paramsOf, queryOf } from './input.ts';
import { cursorPageOf, demandPlace } from './paging.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ event_id: string }>(eventPathSchema);
const checkQuery = compileCheck<EventQuery>(eventQuerySchema);

export type EventRoutesDeps = {
  db: Db;
  clock: Clock;
  /** The systems that are kept in step. */
  systems: readonly string[];
  basePath: string;
  deadlineMs: number;
};

export function eventRoutes(deps: EventRoutesDeps): Router {
  const { db, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/events', { get: ['viewer', soon, listPage(deps)] });

  declareRoute(router, '/events/:event_id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const { event_id: id } = demand('path', checkPath(paramsOf(req, eventPathSchema)));
        const timeline = await readTimeline(db, id);
        if (!timeline)
          throw new Problem('event_not_found', 'No event has this id, or it is older than the retention.');
        sendJson(res, 200, timelineJson(timeline));
      },
    ],
  });
  return router;
}

function listPage({ db, clock, systems, basePath }: EventRoutesDeps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, eventQuerySchema)));
    const { limit = PAGE_DEFAULT, after, ...words } = query;
    const read = readEventWords(words, { systems, now: clock.now() });
    if ('violations' in read) throw demand('query', { ok: false, violations: read.violations });
    const of = { list: 'events', filter: words };
    const found = await listEvents(db, {
      ...read.query,
      after: after === undefined ? undefined : Number(demandPlace(of, after, ['number'])[0]),
      limit: limit + 1,
    });
    const page = cursorPageOf(res, found, { limit, path: `${basePath}/events`, query }, ({ id }) =>
      encodeCursor(of, [id]),
    );
    sendJson(res, 200, page.map(listedEventJson));
  };
}
