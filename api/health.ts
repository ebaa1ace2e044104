// /health: is this process alive? Asks nothing of anybody, so that an outage elsewhere never gets it killed.
// /ready: can it do its work, and how far behind is each part that runs in it?

import { Router } from 'express';
import { reportReadiness, type Readiness } from '../lib/readiness-report.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

/** `limitMs` is how long a part may take to answer. */
export function healthRoutes(readiness: Readiness, limitMs: number): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/health', {
    get: [(_req, res) => sendJson(res, 200, { status: 'healthy' })],
  });
  declareRoute(router, '/ready', {
    get: [
      async (_req, res) => {
        const { ready, body } = await reportReadiness(readiness, limitMs);
        sendJson(res, ready ? 200 : 503, body);
      },
    ],
  });
  return router;
}
