// The metrics of a process, and a port for them alone: METRICS_PORT, if it is set. It needs no key, so it
// is on the loopback address unless METRICS_HOST says otherwise.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Db } from '../../db/server/connection.ts';
import type { Config } from '../config/config.ts';
import { systems as builtIn, type Registry } from '../integrations/registry.ts';
import type { Subscribed } from '../metrics/samples.ts';
import { createMetrics, type Metrics, type Scraper } from '../metrics/metrics.ts';
import type { LaneSettings } from '../operations/lane-list.ts';
import { listenError, urlOf } from './listening.ts';

/** What the settings of these systems allow. */
export function laneSettings(
  config: Config,
  names: readonly string[],
  registry: Registry = builtIn,
): LaneSettings[] {
  return names.map((system) => {
    const definition = registry.all.find(({ name }) => name === system);
    const { writes = true, pulls = true } = definition?.settings(config) ?? {};
    return { system, writes, pulls };
  });
}

/** The metrics of a process that works with the systems of these settings. */
export function metricsOf(config: Config, registry: Registry = builtIn) {
  const names = registry.enabled(config).map(({ name }) => name);
  return { metrics: createMetrics(names), settings: laneSettings(config, names, registry) };
}

export type MetricsPort = { url: string | null; close(): Promise<void> };

/** Listens if a port is set. `places`: so many processes of the role share a machine; each takes the first free port. */
export async function openMetricsPort(
  { metrics: { host, port } }: Pick<Config, 'metrics'>,
  { scrape }: Pick<Metrics, 'scrape'>,
  places = 1,
): Promise<MetricsPort> {
  if (port === undefined) return { url: null, close: () => Promise.resolve() };
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 });
  server.on('request', (req, res) => void answerMetrics(req, res, scrape));
  await listenAtOneOf(server, { host, ports: Array.from({ length: places }, (_, at) => port + at) });
  const address = server.address();
  return {
    url: `${urlOf(host, typeof address === 'object' && address ? address.port : port)}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listenAtOneOf(
  server: Server,
  { host, ports: [port = 0, ...others] }: { host: string; ports: number[] },
): Promise<void> {
  try {
    // Exclusive: processes of a cluster would share the port, and a scrape would meet any of them.
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const taken = error as NodeJS.ErrnoException;
    if (taken.code === 'EADDRINUSE' && others.length > 0)
      return await listenAtOneOf(server, { host, ports: others });
    throw listenError(taken, { who: 'The port of the metrics', host, port, settings: SETTINGS });
  }
}

/** For a process with every role: what a scrape reads, and the port. Returns what closes it. */
export async function watchAll(
  config: Config,
  metrics: Metrics,
  { db, settings, subscribed }: { db: Db; settings: readonly LaneSettings[]; subscribed: Subscribed },
): Promise<() => Promise<void>> {
  metrics.watch(db, settings);
  metrics.watchBus(subscribed);
  return (await openMetricsPort(config, metrics)).close;
}

const SETTINGS = { host: 'METRICS_HOST', port: 'METRICS_PORT' };

/** GET /metrics on a server without Express. */
export async function answerMetrics(
  req: IncomingMessage,
  res: ServerResponse,
  scrape: Scraper,
): Promise<void> {
  const [path] = (req.url ?? '').split('?');
  if (path !== '/metrics') return end(res, 404, 'This address has /metrics only.\n');
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD');
    return end(res, 405, 'Only GET is allowed.\n');
  }
  const { contentType, text } = await scrape();
  end(res, 200, text, contentType);
}

function end(res: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  res.end(text);
}
