// The routes that most requests are for are answered without Express's search through its routers, which takes a
// fifth of the memory and a tenth of the time of such a request. The handlers are those that Express would call, in
// its order. A request whose line is not exactly that of such a route, such as one with a query, goes to Express.
import type { RequestListener } from 'node:http';
import type { ErrorRequestHandler, Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { noteRoutes, routesOf, type MountedRoute } from './routing.ts';

export type DirectRoute = MountedRoute & {
  /** What Express would call before the route's own handlers. */
  before: readonly RequestHandler[];
};

type Found = { path: string; chain: readonly RequestHandler[] };

/** The app as it listens. `port`: nothing on this one is answered directly. */
export function answerDirectly(
  app: Express,
  routes: readonly DirectRoute[],
  { answerFault, port }: { answerFault: ErrorRequestHandler; port: number | null },
): RequestListener {
  const byLine = new Map<string, Found>(
    routes.map(({ method, path, before, chain }) => [
      `${method.toUpperCase()} ${path}`,
      { path, chain: [...before, ...chain] },
    ]),
  );
  const listener: RequestListener = (req, res) => {
    const found = byLine.get(`${req.method} ${req.url}`);
    if (!found || (port !== null && req.socket.localPort === port)) return void app(req, res);
    const [asked, answer] = asExpress(app, found.path, [req, res]);
    callEach(found.chain, [asked, answer], answerFault);
  };
  noteRoutes(listener, routesOf(app));
  return listener;
}

/** With what handlers use of Express: the look-up of a header, and where they are. */
function asExpress(app: Express, path: string, [req, res]: Parameters<RequestListener>): [Request, Response] {
  const asked = Object.setPrototypeOf(req, app.request) as Request;
  asked.originalUrl = asked.url;
  asked.baseUrl = path;
  asked.params = {};
  asked.route = { path: '' };
  return [asked, res as Response];
}

function callEach(
  chain: readonly RequestHandler[],
  [req, res]: [Request, Response],
  answerFault: ErrorRequestHandler,
): void {
  let at = 0;
  const fail = (error: unknown): void => {
    // An answer that has begun cannot be corrected: the client must not take it for a complete one.
    void answerFault(error, req, res, () => req.socket.destroy());
  };
  const next: NextFunction = (error?: unknown): void => {
    if (error !== undefined) return fail(error);
    const handler = chain[at];
    at += 1;
    try {
      // What Express does with a handler that returns a promise.
      const answered: unknown = handler?.(req, res, next);
      if (answered instanceof Promise) answered.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
  next();
}
