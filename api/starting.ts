import type { IncomingMessage, ServerResponse } from 'node:http';
import { newEventId } from '../lib/uuid.ts';
import { Problem, problemDocument } from './problems.ts';

/**
 * The answer of a process that has its port but not yet all that it needs: it is alive, and the
 * client should ask again.
 */
export function answerStarting(req: IncomingMessage, res: ServerResponse): void {
  const healthy = req.url === '/health' || req.url === '/api/v1/health';
  const starting = new Problem('starting', 'Twinbox is starting; try again in a second.');
  const requestId = newEventId(new Date());
  res.writeHead(healthy ? 200 : starting.status, {
    'content-type': healthy ? 'application/json' : 'application/problem+json; charset=utf-8',
    'retry-after': '1',
    'x-request-id': requestId,
  });
  res.end(JSON.stringify(healthy ? { status: 'healthy' } : problemDocument(starting, requestId)));
}
