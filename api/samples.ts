// /samples: the figures of each minute of the last hour, and the processes that run. A minute that no
// process has measured is not in the list.

import { Router } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { parseTime } from '../lib/operations/event-query.ts';
import { readSamplesJson } from '../lib/operations/samples.ts';
import { answerWithin } from './deadline.ts';
import { demand, invalid, queryOf } from './input.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';
import { samplesQuerySchema, SINCE } from './samples-schemas.ts';

const checkQuery = compileCheck<{ since?: string }>(samplesQuerySchema);
const HOUR = '60m';

export function sampleRoutes({
  db,
  clock,
  deadlineMs,
}: {
  db: Db;
  clock: Clock;
  deadlineMs: number;
}): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/samples', {
    get: [
      'viewer',
      answerWithin(deadlineMs),
      async (req, res) => {
        const query = demand('query', checkQuery(queryOf(req, samplesQuerySchema)));
        const now = clock.now();
        const since = parseTime(query.since ?? HOUR, now);
        if (since === null)
          throw invalid([{ in: 'query', pointer: '/since', code: 'format', detail: SINCE['x-problem'] }]);
        sendJson(res, 200, await readSamplesJson(db, { since, now }));
      },
    ],
  });
  return router;
}
