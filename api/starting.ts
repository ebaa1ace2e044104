import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * The answer of a process that has its port but not yet all that it needs: it is alive, and the
 * client should ask again.
 */
export function answerStarting(req: IncomingMessage, res: ServerResponse): void {
  const healthy = req.url === '/health';
  res.writeHead(healthy ? 200 : 503, {
    'content-type': healthy ? 'application/json' : 'application/problem+json',
    'retry-after': '1',
  });
  const starting = {
    type: 'about:blank',
    title: 'Starting',
    status: 503,
    code: 'starting',
    detail: 'Twinbox is starting; try again in a second.',
  };
  res.end(JSON.stringify(healthy ? { status: 'healthy' } : starting));
}
