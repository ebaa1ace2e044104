// /mappings: the pairs that need a decision, and the consent that links a record with a customer.
// The rules are in lib/operations/links.ts.

import { Router } from 'express';
import type { Db } from '../db/server/connection.ts';
import { listMappings, type ListedMapping } from '../db/mappings/list.ts';
import { shownReason } from '../db/mappings/shown.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConsentOutcome, LinkOperations } from '../lib/operations/links.ts';
import { actorOf } from './callers.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, paramsOf, queryOf } from './input.ts';
import { mappingPathSchema, mappingQuerySchema, type MappingQuery } from './mapping-schemas.ts';
import { pageOf } from './paging.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: number }>(mappingPathSchema);
const checkQuery = compileCheck<MappingQuery>(mappingQuerySchema);

export type MappingRoutesDeps = {
  db: Db;
  clock: Clock;
  operations: LinkOperations;
  basePath: string;
  deadlineMs: number;
};

export function mappingRoutes({ db, clock, operations, basePath, deadlineMs }: MappingRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/mappings', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const query = demand('query', checkQuery(queryOf(req, mappingQuerySchema)));
        const { limit = PAGE_DEFAULT } = query;
        const found = await listMappings(db, { ...query, limit: limit + 1 });
        const page = pageOf(res, found, { limit, path: `${basePath}/mappings`, query });
        sendJson(res, 200, page.map(mappingJson));
      },
    ],
  });

  declareRoute(router, '/mappings/:id/link', {
    post: [
      'operator',
      soon,
      async (req, res) => {
        const { id } = demand('path', checkPath(paramsOf(req, mappingPathSchema)));
        await answerOnce<ConsentOutcome>([req, res], clock, linkedJson, (once) =>
          operations.consent(id, actorOf(req) ?? null, once),
        );
      },
    ],
  });
  return router;
}

function linkedJson(result: ConsentOutcome): Sent | Problem {
  if (result.outcome === 'not_found' || result.outcome === 'cannot_link') return refused(result);
  const { outcome, mapping } = result;
  const customer = mapping.consent?.to === 'customer' ? mapping.consent.customer : null;
  return { status: 200, body: { outcome, mapping: mapping.id, customer, external_id: mapping.externalId } };
}

export function mappingJson(mapping: ListedMapping): Record<string, unknown> {
  const { id, system, customer, state, reason, decision, detail, attempts, openEvents, error } = mapping;
  return {
    id,
    system,
    external_id: mapping.externalId,
    customer,
    state,
    reason,
    decision,
    detail,
    attempts,
    open_events: openEvents,
    error,
    created_at: mapping.createdAt.toISOString(),
    updated_at: mapping.updatedAt.toISOString(),
  };
}

function refused(refusal: Extract<ConsentOutcome, { outcome: 'not_found' | 'cannot_link' }>): Problem {
  if (refusal.outcome === 'not_found') return new Problem('mapping_not_found', 'No mapping has this id.');
  const { mapping, why } = refusal;
  const members = { state: mapping.state, reason: shownReason(mapping) };
  return new Problem('cannot_link', why, { members });
}
