// /conflicts: every value that the merge did not keep, and the call that reverses a conflict. The
// rules are in lib/operations/conflicts.ts.

import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import { listConflicts, readConflict, type StoredConflict } from '../db/conflicts.ts';
import type { Db } from '../db/server/connection.ts';
import { whyNotReversible, type ReverseOutcome } from '../lib/operations/conflicts.ts';
import { previewJson, type PreviewedConflicts } from '../lib/operations/conflict-preview.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { conflictPathSchema, conflictQuerySchema, type ConflictQuery } from './conflict-schemas.ts';
import { customerJson } from './customer-json.ts';
import { answerWithin } from './deadline.ts';
import { identityTakenSince } from './identity-taken.ts';
import { readJsonIfAny } from './body.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, paramsOf, queryOf } from './input.ts';
import { originOf } from './origin.ts';
import { pageOf } from './paging.ts';
import { Problem } from './problems.ts';
import { actBodySchema, type ActBody } from './replay-schemas.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';
import { rowRefused } from './row-refusal.ts';

const checkPath = compileCheck<{ id: string }>(conflictPathSchema);
const checkBody = compileCheck<ActBody>(actBodySchema);
const checkQuery = compileCheck<ConflictQuery>(conflictQuerySchema);

export type ConflictRoutesDeps = {
  db: Db;
  entity: Entity;
  clock: Clock;
  operations: PreviewedConflicts;
  /** The systems that are kept in step. */
  systems: readonly string[];
  basePath: string;
  deadlineMs: number;
};

export function conflictRoutes(deps: ConflictRoutesDeps): Router {
  const { db, entity, clock, operations, systems, basePath, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/conflicts', { get: ['viewer', soon, listPage(deps)] });

  declareRoute(router, '/conflicts/:id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const conflict = await readConflict(db, idOf(req));
        if (!conflict) throw refused(entity, { outcome: 'not_found' }, systems);
        const preview = previewJson(await operations.preview(conflict));
        sendJson(res, 200, { ...conflictJson(entity, conflict), preview });
      },
    ],
  });

  const reversedJson = (result: ReverseOutcome): Sent | Problem => {
    if (result.outcome !== 'reversed' && result.outcome !== 'reversed_already')
      return refused(entity, result, systems);
    const { outcome, conflict, customer } = result;
    const shown = customer && customerJson(customer, systems);
    return { status: 200, body: { outcome, conflict: conflictJson(entity, conflict), customer: shown } };
  };
  const reverse = async (req: Request, res: Response) => {
    const id = idOf(req);
    const { reason = null } = demand('body', checkBody(req.body));
    await answerOnce<ReverseOutcome>([req, res], clock, reversedJson, (once) =>
      operations.reverse(id, { ...originOf(req, res), reason }, once),
    );
  };
  declareRoute(router, '/conflicts/:id/reverse', { post: ['operator', ...readJsonIfAny(), soon, reverse] });
  declareRoute(router, '/conflicts/:id/turn', {
    post: [
      'operator',
      ...readJsonIfAny(),
      soon,
      (req, res) => {
        res.set('Deprecation', RENAMED_AT);
        res.set('Link', `<${basePath}/conflicts/${idOf(req)}/reverse>; rel="successor-version"`);
        return reverse(req, res);
      },
    ],
  });
  return router;
}

function listPage({ db, entity, basePath }: ConflictRoutesDeps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, conflictQuerySchema)));
    const { limit = PAGE_DEFAULT, turned, reversed = turned, ...filter } = query;
    const found = await listConflicts(db, {
      ...filter,
      limit: limit + 1,
      ...(reversed !== undefined && { reversed: reversed === 'true' }),
    });
    const page = pageOf(res, found, { limit, path: `${basePath}/conflicts`, query });
    sendJson(
      res,
      200,
      page.map((each) => conflictJson(entity, each)),
    );
  };
}

/** When `/turn` was renamed to `/reverse`: seconds since 1970, in the form of RFC 9745. */
const RENAMED_AT = '@1795910400';

export function conflictJson(entity: Entity, conflict: StoredConflict): Record<string, unknown> {
  const { id, kind, field, base, ours, theirs, oursFrom, theirsFrom, rule, winner, note, system } = conflict;
  return {
    id,
    kind,
    customer: conflict.internalId,
    system,
    external_id: conflict.externalId,
    field,
    base,
    ours,
    theirs,
    ours_from: oursFrom,
    theirs_from: theirsFrom,
    rule,
    winner,
    note,
    reversible: conflict.reversedAt === null && whyNotReversible(entity, conflict) === null,
    reversed_at: conflict.reversedAt?.toISOString() ?? null,
    created_at: conflict.createdAt.toISOString(),
    event_id: conflict.eventId,
    intent_id: conflict.intentId,
  };
}

function idOf(req: Request): string {
  return demand('path', checkPath(paramsOf(req, conflictPathSchema))).id;
}

type Refused = Exclude<ReverseOutcome, { outcome: 'reversed' | 'reversed_already' }>;

function refused(entity: Entity, refusal: Refused, systems: readonly string[]): Problem {
  switch (refusal.outcome) {
    case 'not_found':
      return new Problem('conflict_not_found', 'No conflict has this id.');
    case 'overtaken': {
      const { conflict, customer } = refusal;
      const detail = customer
        ? 'The customer no longer has the value that was kept: a later edit replaced it. If you still want the other value, change the customer.'
        : 'The customer was deleted since. If you want it again, create a customer with the values of the conflict.';
      return new Problem('overtaken', detail, {
        members: {
          current: customer && customerJson(customer, systems),
          conflict: conflictJson(entity, conflict),
        },
      });
    }
    case 'cannot_reverse':
      return new Problem('cannot_reverse', refusal.instead, {
        members: { conflict: conflictJson(entity, refusal.conflict) },
      });
    case 'duplicate_email':
      return identityTakenSince(entity, refusal.rivalId);
    case 'refused':
      return rowRefused(entity, refusal.refusal);
    case 'contended':
      return new Problem('contended', 'Nothing was changed. Send the request again.', {
        headers: { 'Retry-After': '1' },
      });
  }
}
