// GET /health, /ready and /metrics of a process that has no API. Other machines reach it only if HEALTH_HOST
// allows it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import { reportReadiness, type Readiness } from '../health/readiness-report.ts';
import type { Metrics, Scraper } from '../metrics/metrics.ts';
import { listenError, urlOf } from './listening.ts';
import { answerMetrics, openMetricsPort } from './metrics.ts';

export type HealthServer = {
  url: string;
  /** Where its metrics are: on a port of their own, or on this one. */
  metricsUrl: string;
  /** Until this is called, /ready answers that the process is starting. */
  serve(readiness: Readiness): void;
  close(): Promise<void>;
};

/** Different ports, so that one machine can run a relay and a worker without a setting. */
const PORTS = { relay: 8001, worker: 8002 };
const SETTINGS = { host: 'HEALTH_HOST', port: 'HEALTH_PORT' };
/** Load balancers ask /ready every few seconds, so the answer must not take longer. */
const READY_MS = 3_000;

export async function startHealthServer(
  role: keyof typeof PORTS,
  config: Pick<Config, 'health' | 'metrics'>,
  { scrape }: Pick<Metrics, 'scrape'>,
): Promise<HealthServer> {
  const { host, port = PORTS[role] } = config.health;
  let readiness: Readiness = {
    start: () => Promise.resolve({ ready: false, problem: 'is starting; ask again in a second' }),
  };
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 });
  server.on('request', (req, res) => void answer(req, res, { readiness, scrape }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(listenError(error, { who: `The ${role}`, host, port, settings: SETTINGS })),
    );
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  const url = urlOf(host, typeof address === 'object' && address ? address.port : port);
  const own = await openMetricsPort(config, { scrape });
  return {
    url,
    metricsUrl: own.url ?? `${url}/metrics`,
    serve: (ready) => (readiness = ready),
    async close() {
      await own.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { readiness, scrape }: { readiness: Readiness; scrape: Scraper },
): Promise<void> {
  const [path] = (req.url ?? '').split('?');
  if (path === '/metrics') return await answerMetrics(req, res, scrape);
  if (path !== '/health' && path !== '/ready')
    return send(
      res,
      404,
      problem(404, 'Not found', 'not_found', 'This address has /health, /ready and /metrics only.'),
    );
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD');
    return send(res, 405, problem(405, 'Method not allowed', 'method_not_allowed', 'Only GET is allowed.'));
  }
  if (path === '/health') return send(res, 200, { status: 'healthy' });
  const { ready, body } = await reportReadiness(readiness, { limitMs: READY_MS });
  send(res, ready ? 200 : 503, body);
}

/** An error as in RFC 9457, like those of the API. */
function problem(status: number, title: string, code: string, detail: string): Record<string, unknown> {
  return { type: 'about:blank', title, status, code, detail };
}

function send(res: ServerResponse, status: number, body: Record<string, unknown>): void {
  const type = 'code' in body ? 'application/problem+json' : 'application/json';
  res.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  res.end(JSON.stringify(body));
}
