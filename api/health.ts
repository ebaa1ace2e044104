// /health: is this process alive? Sends no request, so that an outage elsewhere never gets it
// killed.
//
// /ready: can it do its work? For the API that is its database alone, since whatever it takes is
// durable in the database; how far behind the relay, the workers and Stripe are is shown beside it,
// as figures and warnings, and takes no API out of a balancer.

import { Router } from 'express';
import { reportReadiness, type Readiness } from '../lib/health/readiness-report.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const GATES = ['database'];

/** `limitMs` is how long a part may take to answer. */
export function healthRoutes(readiness: Readiness, limitMs: number): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/health', {
    get: [(_req, res) => sendJson(res, 200, { status: 'healthy' })],
  });
  declareRoute(router, '/ready', {
    get: [
      async (_req, res) => {
        const { ready, body } = await reportReadiness(readiness, { limitMs, gates: GATES });
        sendJson(res, ready ? 200 : 503, body);
      },
    ],
  });
  return router;
}
