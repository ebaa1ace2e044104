// /me: who sends the request, so that a client can show it, and leave out what its key may not do.

import { Router } from 'express';
import { scopesOf } from '../lib/keys/scopes.ts';
import { callerOf, type Caller } from './callers.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

export function meRoutes(): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/me', {
    get: ['viewer', (req, res) => sendJson(res, 200, meJson(callerOf(req)))],
  });
  return router;
}

function meJson({ scope, system, actor, key }: Caller) {
  return {
    kind: key?.kind ?? 'none',
    ...{ id: key?.id ?? null, name: key?.name ?? null, actor: actor ?? null },
    ...{ scope, may: scopesOf(scope), system },
    expires_at: key?.expiresAt ?? null,
  };
}
