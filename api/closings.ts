// Closing of deliveries and of a whole group, with a reason. lib/operations/closing.ts says what it means.

import { Router, type RequestHandler } from 'express';
import type { Tx } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { closeSelected, type CloseOutcome } from '../lib/operations/closing.ts';
import type { SelectionWords } from '../lib/operations/selection-words.ts';
import { operatorOf } from './callers.ts';
import { readJson } from './body.ts';
import { answerWithin } from './deadline.ts';
import { groupPathSchema } from './group-schemas.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, paramsOf } from './input.ts';
import { closeBodySchema, closeGroupSchema, type CloseBody } from './replay-schemas.ts';
import type { ReplayRoutesDeps } from './replays.ts';
import { declareRoute } from './routing.ts';
import { demandSelection } from './selections.ts';

const checkBody = compileCheck<CloseBody>(closeBodySchema);
const checkGroup = compileCheck<{ reason: string }>(closeGroupSchema);
const checkPath = compileCheck<{ fingerprint: string }>(groupPathSchema);

export type ClosingRoutesDeps = Pick<ReplayRoutesDeps, 'db' | 'clock' | 'entity' | 'systems' | 'deadlineMs'>;

export function closingRoutes(deps: ClosingRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deps.deadlineMs);

  declareRoute(router, '/deliveries/close', {
    post: ['operator', ...readJson(), soon, close(deps, (req) => demand('body', checkBody(req.body)))],
  });
  declareRoute(router, '/groups/:fingerprint/close', {
    post: [
      'operator',
      ...readJson(),
      soon,
      close(deps, (req) => {
        const { fingerprint: group } = demand('path', checkPath(paramsOf(req, groupPathSchema)));
        return { ...demand('body', checkGroup(req.body)), group };
      }),
    ],
  });
  return router;
}

function close(
  { db, clock, entity, systems }: ClosingRoutesDeps,
  wordsOf: (req: Parameters<RequestHandler>[0]) => SelectionWords & { reason: string },
): RequestHandler {
  return async (req, res) => {
    const { reason, ...words } = wordsOf(req);
    const of = { systems, entity: entity.name, now: clock.now() };
    // Behind the look-up of the key: the closing that is repeated has ended the group.
    const selection = (tx: Tx) => demandSelection(tx, words, of);
    const asked = { selection, reason, actor: operatorOf(req) };
    await answerOnce<CloseOutcome>([req, res], clock, closedJson, (once) =>
      closeSelected({ db, clock }, asked, once),
    );
  };
}

function closedJson({ selected, closed, left }: CloseOutcome): Sent {
  return { status: 200, body: { selected, closed, left } };
}
