// /find: what an id is of, and where it is shown.

import { Router } from 'express';
import type { Db } from '../db/server/connection.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { find } from '../lib/operations/find.ts';
import { answerWithin } from './deadline.ts';
import { findQuerySchema } from './find-schemas.ts';
import { demand, queryOf } from './input.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkQuery = compileCheck<{ q: string }>(findQuerySchema);

type FindRoutesDeps = { db: Db; entity: Entity; basePath: string; deadlineMs: number };

export function findRoutes({ db, entity, basePath, deadlineMs }: FindRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/find', {
    get: [
      'viewer',
      answerWithin(deadlineMs),
      async (req, res) => {
        const { q } = demand('query', checkQuery(queryOf(req, findQuerySchema)));
        const { found, tried } = await find(db, entity, q);
        sendJson(res, 200, { found: found.map((each) => ({ ...each, path: basePath + each.path })), tried });
      },
    ],
  });
  return router;
}
