// /keys: which keys there are, and the end of one. A key is made and replaced by `twinbox keys` alone, so
// that its text is in no answer that a proxy or a log could keep. The rules are in lib/operations/keys.ts.

import { Router } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import { keyJson, type KeyOperations } from '../lib/operations/keys.ts';
import { actorOf } from './callers.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf } from './input.ts';
import { keyPathSchema } from './key-schemas.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: string }>(keyPathSchema);

export function keyRoutes({
  operations,
  deadlineMs,
}: {
  operations: Pick<KeyOperations, 'list' | 'revoke'>;
  deadlineMs: number;
}): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/keys', {
    get: ['admin', soon, async (_req, res) => sendJson(res, 200, (await operations.list()).map(keyJson))],
  });

  declareRoute(router, '/keys/:id/revoke', {
    post: [
      'admin',
      soon,
      async (req, res) => {
        const { id } = demand('path', checkPath(paramsOf(req, keyPathSchema)));
        const result = await operations.revoke(id, { actor: actorOf(req) ?? 'api', reason: null });
        if (result.outcome === 'not_found') throw new Problem('key_not_found', 'No key has this id.');
        sendJson(res, 200, { outcome: result.outcome, key: keyJson(result.key) });
      },
    ],
  });
  return router;
}
