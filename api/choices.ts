// /customers/{id}/link and /accept-deletion: which record at the external system belongs to the
// customer. The rules are in lib/operations/record-choice.ts.

import { Router, type Request } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type {
  AcceptOutcome,
  ChoiceOperations,
  ChoiceOutcome,
  NewOutcome,
} from '../lib/operations/record-choice.ts';
import { actorOf } from './auth.ts';
import { readJson } from './body.ts';
import { choiceSchema, type Choice } from './choice-schemas.ts';
import { customerPathSchema } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf } from './input.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);
const checkChoice = compileCheck<Choice>(choiceSchema);

export function choiceRoutes({
  operations,
  deadlineMs,
}: {
  operations: ChoiceOperations;
  deadlineMs: number;
}): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/customers/:id/link', {
    post: [
      ...readJson(),
      soon,
      async (req, res) => {
        const id = idOf(req);
        const { external_id: externalId } = demand('body', checkChoice(req.body));
        const actor = actorOf(req) ?? null;
        const result =
          externalId === null
            ? await operations.makeNew(id, actor)
            : await operations.choose(id, externalId, actor);
        if (!('customer' in result)) throw refused(result);
        const { outcome, customer } = result;
        const insteadOf = 'insteadOf' in result ? result.insteadOf : null;
        sendJson(res, 200, { outcome, customer, external_id: result.externalId, instead_of: insteadOf });
      },
    ],
  });

  declareRoute(router, '/customers/:id/accept-deletion', {
    post: [
      soon,
      async (req, res) => {
        const result = await operations.acceptDeletion(idOf(req), actorOf(req) ?? null);
        if (!('customer' in result)) throw refused(result);
        const { outcome, customer, externalId } = result;
        sendJson(res, 200, { outcome, customer, external_id: externalId });
      },
    ],
  });
  return router;
}

function idOf(req: Request): number {
  return demand('path', checkPath(paramsOf(req, customerPathSchema))).id;
}

type Refusal = Exclude<ChoiceOutcome | NewOutcome | AcceptOutcome, { customer: number }>;

function refused(refusal: Refusal): Problem {
  switch (refusal.outcome) {
    case 'not_found':
      return new Problem('customer_not_found', 'No customer has this id, or the customer was deleted.');
    case 'cannot_link':
      return new Problem('cannot_link', refusal.why);
    case 'in_progress':
      return new Problem('request_open', refusal.why, { headers: { 'Retry-After': '5' } });
  }
}
