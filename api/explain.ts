// /customers/{id}/explain and /mappings/{id}/explain: how each pair stands, what a step would do now and why
// none does it. Each entity with an API has such a route. The same code answers `twinbox explain --json`.
//
// Guarantees: nothing is written, and no system is called.

import { Router, type RequestHandler } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { explanationJson } from '../lib/operations/explain-json.ts';
import { explainStored } from '../lib/operations/explain-systems.ts';
import type { Planners } from '../lib/operations/replay-plan.ts';
import { customerPathSchema } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf } from './input.ts';
import { Problem, type ProblemCode } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);

export type ExplainRoutesDeps = {
  planners: Planners;
  /** Those with an API. */
  entities: readonly Pick<Entity, 'name' | 'plural'>[];
  deadlineMs: number;
};

export function explainRoutes({ planners, entities, deadlineMs }: ExplainRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  function answer(entity: string, kind: 'customer' | 'mapping', code: ProblemCode): RequestHandler {
    return async (req, res) => {
      const { id } = demand('path', checkPath(paramsOf(req, customerPathSchema)));
      const asked = kind === 'customer' ? { customer: id } : { mapping: id };
      const explained = await explainStored(planners, entity, asked);
      if (!explained) throw new Problem(code, `No ${kind === 'customer' ? entity : kind} has this id.`);
      sendJson(res, 200, explanationJson(explained));
    };
  }

  for (const { name, plural } of entities)
    declareRoute(router, `/${plural}/:id/explain`, {
      get: ['viewer', soon, answer(name, 'customer', 'customer_not_found')],
    });
  const [first] = entities;
  if (first)
    declareRoute(router, '/mappings/:id/explain', {
      get: ['viewer', soon, answer(first.name, 'mapping', 'mapping_not_found')],
    });
  return router;
}
