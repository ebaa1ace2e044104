import type { Express, RequestHandler, Router } from 'express';
import type { RouteScope } from '../lib/keys/scopes.ts';
import { demandScope } from './callers.ts';
import { Problem } from './problems.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export type DeclaredRoute = {
  method: Method;
  /** With its parameters as Express writes them: /customers/:id. */
  path: string;
  scope: RouteScope;
};
/** `chain`: its handlers, the first of which checks the scope. */
export type MountedRoute = DeclaredRoute & { chain: readonly RequestHandler[] };

const declared = new WeakMap<object, MountedRoute[]>();

/**
 * Declares a path with all its methods; each method begins with the scope that a key needs, which is
 * checked before its handlers run. Another method gets 405, and OPTIONS gets the list of methods. HEAD needs
 * what GET needs.
 */
export function declareRoute(
  router: Router,
  path: string,
  handlers: Partial<Record<Method, [scope: RouteScope, ...RequestHandler[]]>>,
): void {
  const route = router.route(path);
  const allowed: string[] = [];
  for (const [name, [scope, ...chain]] of Object.entries(handlers)) {
    const method = name as Method;
    const guard: RequestHandler = (req, _res, next) => {
      demandScope(req, scope);
      next();
    };
    const whole = [guard, ...chain];
    route[method](...whole);
    noteRoutes(router, [{ method, path, scope, chain: whole }]);
    allowed.push(method.toUpperCase());
    if (method === 'get') allowed.push('HEAD');
  }
  const allow = [...allowed, 'OPTIONS'].join(', ');
  route.all((req, res) => {
    if (req.method !== 'OPTIONS') {
      throw new Problem(
        'method_not_allowed',
        `This path does not accept ${req.method}; it accepts: ${allow}.`,
        {
          headers: { Allow: allow },
        },
      );
    }
    res.writeHead(204, { Allow: allow });
    res.end();
  });
}

/** Adds the routes of a router to the app, below a path such as /api/v1, or `/`. */
export function mountRoutes(app: Express, base: string, router: Router): void {
  app.use(base, router);
  const below = base === '/' ? '' : base;
  noteRoutes(
    app,
    routesOf(router).map((route) => ({ ...route, path: below + route.path })),
  );
}

/** Every declared route of an app or a router, in the order of their declaration. */
export function routesOf(app: object): readonly MountedRoute[] {
  return declared.get(app) ?? [];
}

export function noteRoutes(owner: object, routes: readonly MountedRoute[]): void {
  declared.set(owner, [...(declared.get(owner) ?? []), ...routes]);
}
