// /customers/{id}/timeline: what happened to one row, from stored facts. Each entity with an API has
// such a route. The same code answers `twinbox timeline`.

import { Router } from 'express';
import type { Db } from '../db/server/connection.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { storyJson } from '../lib/operations/story-json.ts';
import { placeOf, readStory } from '../lib/operations/story.ts';
import { customerPathSchema, PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf, queryOf } from './input.ts';
import { linkNext, wrongCursor } from './paging.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';
import { timelineQuerySchema, type TimelineQuery } from './timeline-schemas.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);
const checkQuery = compileCheck<TimelineQuery>(timelineQuerySchema);

export type TimelineRoutesDeps = {
  db: Db;
  clock: Clock;
  /** Those with an API. */
  entities: readonly Pick<Entity, 'name' | 'plural'>[];
  /** The systems that are kept in step. */
  systems: readonly string[];
  retentionDays: number;
  basePath: string;
  deadlineMs: number;
};

export function timelineRoutes(deps: TimelineRoutesDeps): Router {
  const { db, clock, entities, systems, retentionDays, basePath, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);
  for (const { name: entity, plural } of entities) {
    declareRoute(router, `/${plural}/:id/timeline`, {
      get: [
        'viewer',
        soon,
        async (req, res) => {
          const { id } = demand('path', checkPath(paramsOf(req, customerPathSchema)));
          const query = demand('query', checkQuery(queryOf(req, timelineQuerySchema)));
          const { limit = PAGE_DEFAULT, order = 'newest', after } = query;
          const of = { entity, id };
          const place = after === undefined ? null : placeOf(of, order, after);
          if (place === null && after !== undefined) throw wrongCursor();
          const page = { order, limit, after: place, systems, now: clock.now(), retentionDays };
          const story = await readStory(db, of, { ...page, values: query.values === 'true' });
          if (!story) throw new Problem('customer_not_found', `No ${entity} has this id.`);
          if (story.next !== null)
            linkNext(res, `${basePath}/${plural}/${id}/timeline`, { ...query, after: story.next });
          sendJson(res, 200, storyJson(of, order, story));
        },
      ],
    });
  }
  return router;
}
