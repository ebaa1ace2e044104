// /customers/by-need: those that need a person first, then those that changed last.

import type { RequestHandler } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { needPlaceOf, readRowsByNeed } from '../lib/operations/rows-by-need.ts';
import { customerJson } from './customer-json.ts';
import { byNeedQuerySchema, type ByNeedQuery } from './by-need-schemas.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { demand, queryOf } from './input.ts';
import { linkNext, wrongCursor } from './paging.ts';
import { sendJson } from './responses.ts';

const checkQuery = compileCheck<ByNeedQuery>(byNeedQuerySchema);

export function listByNeed({
  db,
  entity,
  systems,
  basePath,
}: {
  db: Db;
  entity: Entity;
  systems: readonly string[];
  basePath: string;
}): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, byNeedQuerySchema)));
    const { limit = PAGE_DEFAULT, after } = query;
    const place = after === undefined ? null : needPlaceOf(entity, after);
    if (place === null && after !== undefined) throw wrongCursor();
    const { rows, next } = await readRowsByNeed(db, entity, { systems, after: place, limit });
    if (next !== null) linkNext(res, `${basePath}/customers/by-need`, { ...query, after: next });
    sendJson(
      res,
      200,
      rows.map((row) => customerJson(row, systems)),
    );
  };
}
