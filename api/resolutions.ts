// /mappings/{id}/resolve: what a person decides about a pair that is stuck. The rules are in
// lib/operations/resolutions.ts.

import { Router } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { shownReason } from '../db/mappings/shown.ts';
import type { ResolveOperations, ResolveOutcome } from '../lib/operations/resolutions.ts';
import { operatorOf } from './callers.ts';
import { readJson } from './body.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, paramsOf } from './input.ts';
import { mappingPathSchema } from './mapping-schemas.ts';
import { Problem } from './problems.ts';
import { resolutionSchema, type ResolutionBody } from './resolution-schemas.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(mappingPathSchema);
const checkBody = compileCheck<ResolutionBody>(resolutionSchema);

export type ResolutionRoutesDeps = { operations: ResolveOperations; clock: Clock; deadlineMs: number };

export function resolutionRoutes({ operations, clock, deadlineMs }: ResolutionRoutesDeps): Router {
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
        const resolution = { action, externalId, why, actor: operatorOf(req) };
        await answerOnce<ResolveOutcome>([req, res], clock, resolvedJson, (once) =>
          operations.resolve(id, resolution, once),
        );
      },
    ],
  });
  return router;
}

function resolvedJson(result: ResolveOutcome): Sent | Problem {
  if (result.outcome === 'not_found') return new Problem('mapping_not_found', 'No mapping has this id.');
  const { outcome, mapping } = result;
  const { state, internalId: customer, externalId } = mapping;
  if (outcome === 'cannot_resolve')
    return new Problem('cannot_resolve', result.why, { members: { state, reason: shownReason(mapping) } });
  return { status: 200, body: { outcome, mapping: mapping.id, customer, external_id: externalId } };
}
