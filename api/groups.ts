// /groups: what needs a person, by its cause. The same code answers `twinbox groups`.

import { Router } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Db } from '../db/server/connection.ts';
import { groupJson, memberJson, readGroup, readGroups } from '../lib/operations/error-groups.ts';
import { answerWithin } from './deadline.ts';
import { groupPathSchema, groupQuerySchema, type GroupQuery } from './group-schemas.ts';
import { demand, demandOneOf, paramsOf, queryOf } from './input.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const MEMBERS = 100;

const checkPath = compileCheck<{ fingerprint: string }>(groupPathSchema);
const checkQuery = compileCheck<GroupQuery>(groupQuerySchema);

export function groupRoutes({
  db,
  entity,
  systems,
  deadlineMs,
}: {
  db: Db;
  entity: Entity;
  systems: readonly string[];
  deadlineMs: number;
}): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  declareRoute(router, '/groups', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const { system, closed } = demand('query', checkQuery(queryOf(req, groupQuerySchema)));
        demandOneOf(systems, 'system', system);
        sendJson(
          res,
          200,
          (await readGroups(db, entity, { system, closed: closed === 'true' })).map(groupJson),
        );
      },
    ],
  });

  declareRoute(router, '/groups/:fingerprint', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const { fingerprint } = demand('path', checkPath(paramsOf(req, groupPathSchema)));
        const group = await readGroup(db, entity, fingerprint, MEMBERS);
        if (!group) throw new Problem('group_not_found', 'No pair is in a group with this fingerprint now.');
        sendJson(res, 200, { ...groupJson(group), pairs: group.members.map(memberJson) });
      },
    ],
  });
  return router;
}
