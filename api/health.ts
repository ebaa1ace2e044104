// /health: is this process alive? The handler sends no request, so that an outage of another
// program never gets this process killed.
//
// /ready: can this process work? For the API this depends on its database alone, since whatever the
// API accepts is durable in the database. The answer also shows how far behind the relay, the
// workers and Stripe are, as figures and warnings, but these take no API out of a load balancer.

import { Router } from 'express';
import { reportReadiness, type Readiness } from '../lib/health/readiness-report.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const GATES = ['database'];

/** `limitMs` is how long each part may take to answer. */
export function healthRoutes(readiness: Readiness, limitMs: number): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/health', {
    get: ['open', (_req, res) => sendJson(res, 200, { status: 'healthy' })],
  });
  declareRoute(router, '/ready', {
    get: [
      'open',
      async (_req, res) => {
        const { ready, body } = await reportReadiness(readiness, { limitMs, gates: GATES });
        sendJson(res, ready ? 200 : 503, body);
      },
    ],
  });
  return router;
}
