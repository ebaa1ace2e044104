// /customers/{id}/link and /accept-deletion: which record at the external system belongs to the
// customer. The rules are in lib/operations/record-choice.ts.

import { Router, type Request } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import type {
  AcceptOutcome,
  ChoiceOperations,
  ChoiceOutcome,
  NewOutcome,
} from '../lib/operations/record-choice.ts';
import type { Once } from '../lib/operations/once.ts';
import { operatorOf } from './callers.ts';
import { readJson } from './body.ts';
import { choiceSchemaOf, type Choice } from './choice-schemas.ts';
import { customerPathSchema } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, paramsOf } from './input.ts';
import { Problem } from './problems.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);

export function choiceRoutes({
  operations,
  clock,
  deadlineMs,
}: {
  /** By the system that the record is of. */
  operations: ReadonlyMap<string, ChoiceOperations>;
  clock: Clock;
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
        const actor = operatorOf(req);
        const there = operations.get(system);
        if (!there) throw new Error(`the check of the body let the system ${system} through`);
        await answerOnce<ChoiceOutcome | NewOutcome>([req, res], clock, chosenJson, (once) =>
          externalId === null ? there.makeNew(id, actor, once) : there.choose(id, externalId, actor, once),
        );
      },
    ],
  });

  declareRoute(router, '/customers/:id/accept-deletion', {
    post: [
      'operator',
      soon,
      async (req, res) => {
        const [id, actor] = [idOf(req), operatorOf(req)];
        await answerOnce<AcceptOutcome>([req, res], clock, acceptedJson, (once) =>
          acceptDeletion([...operations.values()], id, actor, once),
        );
      },
    ],
  });
  return router;
}

function chosenJson(result: ChoiceOutcome | NewOutcome): Sent | Problem {
  if (!('customer' in result)) return refused(result);
  const { outcome, customer, externalId } = result;
  const insteadOf = 'insteadOf' in result ? result.insteadOf : null;
  return { status: 200, body: { outcome, customer, external_id: externalId, instead_of: insteadOf } };
}

function acceptedJson(result: AcceptOutcome): Sent | Problem {
  if (!('customer' in result)) return refused(result);
  const { outcome, customer, externalId } = result;
  return { status: 200, body: { outcome, customer, external_id: externalId } };
}

/** The system in which the customer's record was deleted: the first that has such a deletion. */
async function acceptDeletion(
  operations: readonly ChoiceOperations[],
  id: number,
  actor: string | null,
  once: Once<AcceptOutcome> | undefined,
): Promise<AcceptOutcome> {
  let refusal: AcceptOutcome = { outcome: 'not_found' };
  for (const { acceptDeletion: accept } of operations) {
    const result = await accept(id, actor, once);
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
