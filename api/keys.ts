// /keys: which keys there are, and the end of one. A key is made and replaced by `twinbox keys` alone, so
// that its text is in no answer that a proxy or a log could keep. The rules are in lib/operations/keys.ts.

import { Router } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { keyJson, type KeyOperations, type RevokeOutcome } from '../lib/operations/keys.ts';
import { operatorOf } from './callers.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, demandNoQuery, paramsOf } from './input.ts';
import { keyPathSchema } from './key-schemas.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: string }>(keyPathSchema);

export function keyRoutes({
  operations,
  clock,
  deadlineMs,
}: {
  operations: Pick<KeyOperations, 'list' | 'revoke'>;
  clock: Clock;
  deadlineMs: number;
}): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/keys', {
    get: [
      'admin',
      soon,
      async (req, res) => {
        demandNoQuery(req);
        sendJson(res, 200, (await operations.list()).map(keyJson));
      },
    ],
  });

  declareRoute(router, '/keys/:id/revoke', {
    post: [
      'admin',
      soon,
      async (req, res) => {
        const { id } = demand('path', checkPath(paramsOf(req, keyPathSchema)));
        const by = { actor: operatorOf(req), reason: null };
        await answerOnce<RevokeOutcome>([req, res], clock, revokedJson, (once) =>
          operations.revoke(id, by, once),
        );
      },
    ],
  });
  return router;
}

function revokedJson(result: RevokeOutcome): Sent | Problem {
  if (result.outcome === 'not_found') return new Problem('key_not_found', 'No key has this id.');
  return { status: 200, body: { outcome: result.outcome, key: keyJson(result.key) } };
}
