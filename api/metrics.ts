// /metrics: what Prometheus reads of this process. It needs a key of the scope viewer wherever the API
// needs keys; METRICS_PORT opens a port of its own that needs none.
import { Router } from 'express';
import type { Scraper } from '../lib/metrics/metrics.ts';
import { declareRoute } from './routing.ts';

export function metricsRoutes(scrape: Scraper): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/metrics', {
    get: [
      'viewer',
      async (_req, res) => {
        const { contentType, text } = await scrape();
        res.status(200).setHeader('Content-Type', contentType);
        res.end(text);
      },
    ],
  });
  return router;
}
