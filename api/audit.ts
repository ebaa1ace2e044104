// /audit: who did what, when and why. The same code answers `twinbox audit`.

import { Router, type RequestHandler } from 'express';
import { listAudit } from '../db/audit.ts';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import { auditJson, readAuditWords } from '../lib/operations/audit-query.ts';
import { encodeCursor } from '../lib/operations/list-cursor.ts';
import { auditQuerySchema, type AuditQuery } from './audit-schemas.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { demand, queryOf } from './input.ts';
import { cursorPageOf, demandPlace } from './paging.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkQuery = compileCheck<AuditQuery>(auditQuerySchema);

export type AuditRoutesDeps = { db: Db; clock: Clock; entity: Entity; basePath: string; deadlineMs: number };

export function auditRoutes(deps: AuditRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/audit', { get: ['operator', answerWithin(deps.deadlineMs), listPage(deps)] });
  return router;
}

function listPage({ db, clock, entity, basePath }: AuditRoutesDeps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, auditQuerySchema)));
    const { limit = PAGE_DEFAULT, after, ...words } = query;
    const read = readAuditWords(words, { entity: entity.name, now: clock.now() });
    if ('violations' in read) throw demand('query', { ok: false, violations: read.violations });
    const of = { list: 'audit', filter: words };
    const found = await listAudit(db, {
      ...read.query,
      after: after === undefined ? undefined : Number(demandPlace(of, after, ['number'])[0]),
      limit: limit + 1,
    });
    const page = cursorPageOf(res, found, { limit, path: `${basePath}/audit`, query }, ({ id }) =>
      encodeCursor(of, [id]),
    );
    sendJson(res, 200, page.map(auditJson));
  };
}
