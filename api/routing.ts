import type { RequestHandler, Router } from 'express';
import { Problem } from './problems.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/**
 * Declares a path with all its methods: another method gets 405, and OPTIONS gets the list of
 * methods.
 */
export function declareRoute(
  router: Router,
  path: string,
  handlers: Partial<Record<Method, RequestHandler[]>>,
): void {
  const route = router.route(path);
  const allowed: string[] = [];
  for (const [method, chain] of Object.entries(handlers)) {
    route[method as Method](...chain);
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
