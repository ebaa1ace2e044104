// What is done for every request: it gets an id, the headers of every answer, and a line in the
// log.

import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../lib/clock.ts';
import type { Measures } from '../lib/measures.ts';
import { newEventId } from '../lib/uuid.ts';
import { requestIdOf } from './responses.ts';

export type ApiLog = {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
};

const SANE_ID = /^[\w.:/+=-]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const headersOfAll = {
  // no-transform: a proxy that compressed would weaken or rename the ETag.
  'Cache-Control': 'no-store, no-transform',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export function beginRequest({
  clock,
  log,
  measures,
}: {
  clock: Clock;
  log: ApiLog;
  measures?: Measures | undefined;
}): RequestHandler {
  return (req, res, next) => {
    const given = req.get('X-Request-Id');
    res.setHeader('X-Request-Id', given && SANE_ID.test(given) ? given : newEventId(clock.now()));
    for (const [name, value] of Object.entries(headersOfAll)) res.setHeader(name, value);
    const began = performance.now();
    res.once('close', () => {
      const { method } = req;
      const ms = performance.now() - began;
      // A caller that closed the connection before the answer began has seen no status.
      const about = { method, route: routeOf(req), status: res.headersSent ? res.statusCode : null };
      log.debug('request', { request_id: requestIdOf(res), ...about, ms: Math.round(ms * 10) / 10 });
      measures?.answered({ ...about, seconds: isStream(res) ? NaN : ms / 1000 });
    });
    next();
  };
}

/** A stream lasts as long as its reader wants: its time says nothing of the API. */
function isStream(res: Response): boolean {
  const type = res.getHeader('Content-Type');
  return typeof type === 'string' && type.startsWith('text/event-stream');
}

/** The W3C trace of the caller, if it sent a well-formed one. */
export function traceOf(req: Request): string | undefined {
  const given = req.get('traceparent');
  return given && TRACEPARENT.test(given) ? given : undefined;
}

// The route's pattern, never the path: a query may contain an email, and 10,000 ids are one route.
function routeOf(req: Request): string | null {
  const route: unknown = req.route;
  if (typeof route !== 'object' || route === null || !('path' in route)) return null;
  return req.baseUrl + String(route.path);
}
