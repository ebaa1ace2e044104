// What is done for every request: it gets an id, the headers of every answer, and a line in the
// log.

import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../lib/clock.ts';
import { noTracing, type Span, type Tracing } from '../lib/tracing/tracing.ts';
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

const headersOfAll = Object.entries({
  // no-transform: a proxy that compressed would weaken or rename the ETag.
  'Cache-Control': 'no-store, no-transform',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

export type RequestParts = {
  clock: Clock;
  log: ApiLog;
  tracing?: Tracing;
  measures?: Measures | undefined;
};

export function beginRequest({ clock, log, measures, tracing = noTracing }: RequestParts): RequestHandler {
  return (req, res, next) => {
    const given = req.get('X-Request-Id');
    res.setHeader('X-Request-Id', given && SANE_ID.test(given) ? given : newEventId(clock.now()));
    for (const [name, value] of headersOfAll) res.setHeader(name, value);
    if (tracing.on) beginSpan(tracing, req, res);
    const began = performance.now();
    res.on('close', () => {
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

type RequestSpan = { span: Span; links: (() => Promise<string[]>)[] };

const spans = new WeakMap<Request, RequestSpan>();

/** Load balancers ask these every few seconds. */
const PROBES = /^(\/api\/v1)?\/(health|ready)$/;

function beginSpan(tracing: Tracing, req: Request, res: Response): void {
  if (PROBES.test(req.path)) return;
  const attributes = { 'http.request.method': req.method, 'twinbox.request_id': requestIdOf(res) };
  const parent = callersTrace(req);
  const span = tracing.begin(req.method, { kind: 'server', attributes, ...(parent && { parent }) });
  const links: RequestSpan['links'] = [];
  spans.set(req, { span, links });
  res.once('close', () => {
    const route = routeOf(req);
    if (route !== null) span.rename(`${req.method} ${route}`);
    const status = res.headersSent ? res.statusCode : null;
    span.set({ 'http.route': route, 'http.response.status_code': status });
    if (status === null || status >= 500) span.fail(String(status ?? 'closed'));
    void endLinked({ span, links });
  });
}

/** The caller has its answer by now. */
async function endLinked({ span, links }: RequestSpan): Promise<void> {
  for (const find of links) span.link(await find().catch(() => []));
  span.end();
}

/** Other traces that belong to this request; they are looked up once it is answered, and only for a span. */
export function linkLater(req: Request, find: () => Promise<string[]>): void {
  spans.get(req)?.links.push(find);
}

/** The W3C trace of this request: its own span if spans are recorded, otherwise that of the caller. */
export function traceOf(req: Request): string | undefined {
  return spans.get(req)?.span.traceparent ?? callersTrace(req);
}

/** If the caller sent a well-formed one. */
function callersTrace(req: Request): string | undefined {
  const given = req.get('traceparent');
  return given && TRACEPARENT.test(given) ? given : undefined;
}

// The route's pattern, never the path: a query may contain an email, and 10,000 ids are one route.
function routeOf(req: Request): string | null {
  const route: unknown = req.route;
  if (typeof route !== 'object' || route === null || !('path' in route)) return null;
  return req.baseUrl + String(route.path);
}
