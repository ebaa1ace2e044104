// /mappings/{id}/resolve: what a person decides about a pair that is stuck. The rules are in
// lib/operations/resolutions.ts.

import { Router } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import { shownReason } from '../db/mappings/shown.ts';
import type { ResolveOperations } from '../lib/operations/resolutions.ts';
import { actorOf } from './callers.ts';
import { readJson } from './body.ts';
import { answerWithin } from './deadline.ts';
import { demand, paramsOf } from './input.ts';
import { mappingPathSchema } from './mapping-schemas.ts';
import { Problem } from './problems.ts';
import { resolutionSchema, type ResolutionBody } from './resolution-schemas.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(mappingPathSchema);
const checkBody = compileCheck<ResolutionBody>(resolutionSchema);

export type ResolutionRoutesDeps = { operations: ResolveOperations; deadlineMs: number };

export function resolutionRoutes({ operations, deadlineMs }: ResolutionRoutesDeps): Router {
  const router = Router({ caseSensitive: true });

  declareRoute(router, '/mappings/:id/resolve', {
    post: [
      'operator',
      ...readJson(),
      answerWithin(deadlineMs),
      async (req, res) => {
        const { id } = demand('path', checkPath(paramsOf(req, mappingPathSchema)));
        const { action, external_id: externalId, reason } = demand('body', checkBody(req.body));
        const why = reason ?? null;
        const result = await operations.resolve(id, { action, externalId, why, actor: actorOf(req) ?? null });
        if (result.outcome === 'not_found') throw new Problem('mapping_not_found', 'No mapping has this id.');
        const { outcome, mapping } = result;
        const { state, internalId: customer } = mapping;
        if (outcome === 'cannot_resolve')
          throw new Problem('cannot_resolve', result.why, {
            members: { state, reason: shownReason(mapping) },
          });
        sendJson(res, 200, { outcome, mapping: mapping.id, customer, external_id: mapping.externalId });
      },
    ],
  });
  return router;
}
