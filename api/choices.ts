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
import { actorOf } from './callers.ts';
import { readJson } from './body.ts';
import { choiceSchemaOf, type Choice } from './choice-schemas.ts';
import { customerPathSchema } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf } from './input.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);

export function choiceRoutes({
  operations,
  deadlineMs,
}: {
  /** By the system that the record is of. */
  operations: ReadonlyMap<string, ChoiceOperations>;
  deadlineMs: number;
}): Router {
  const checkChoice = compileCheck<Choice>(choiceSchemaOf([...operations.keys()]));
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/customers/:id/link', {
    post: [
      'operator',
      ...readJson(),
      soon,
      async (req, res) => {
        const id = idOf(req);
        const { system, external_id: externalId } = demand('body', checkChoice(req.body));
        const actor = actorOf(req) ?? null;
        const there = operations.get(system);
        if (!there) throw new Error(`the check of the body let the system ${system} through`);
        const result =
          externalId === null ? await there.makeNew(id, actor) : await there.choose(id, externalId, actor);
        if (!('customer' in result)) throw refused(result);
        const { outcome, customer } = result;
        const insteadOf = 'insteadOf' in result ? result.insteadOf : null;
        sendJson(res, 200, { outcome, customer, external_id: result.externalId, instead_of: insteadOf });
      },
    ],
  });

  declareRoute(router, '/customers/:id/accept-deletion', {
    post: [
      'operator',
      soon,
      async (req, res) => {
        const result = await acceptDeletion([...operations.values()], idOf(req), actorOf(req) ?? null);
        if (!('customer' in result)) throw refused(result);
        const { outcome, customer, externalId } = result;
        sendJson(res, 200, { outcome, customer, external_id: externalId });
      },
    ],
  });
  return router;
}

/** The system in which the customer's record was deleted: the first that has such a deletion. */
async function acceptDeletion(
  operations: readonly ChoiceOperations[],
  id: number,
  actor: string | null,
): Promise<AcceptOutcome> {
  let refusal: AcceptOutcome = { outcome: 'not_found' };
  for (const { acceptDeletion: accept } of operations) {
    const result = await accept(id, actor);
    if ('customer' in result) return result;
    if (refusal.outcome === 'not_found') refusal = result;
  }
  return refusal;
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
