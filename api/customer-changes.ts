// /customers/changes: every change in the order of the commits, deletions included. The rules are
// in lib/customers/changes.ts.

import type { RequestHandler } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Db } from '../db/server/connection.ts';
import { decodePosition, encodePosition, type Position } from '../lib/customers/change-position.ts';
import { presentPosition, readChanges } from '../lib/customers/changes.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { changeJson } from '../lib/operations/change-json.ts';
import { CHANGES_DEFAULT, changesQuerySchema, type ChangesQuery } from './change-schemas.ts';
import { demand, invalid, queryOf } from './input.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';

const checkQuery = compileCheck<ChangesQuery>(changesQuerySchema);

export function listChanges(db: Db, { name: entity }: Entity): RequestHandler {
  return async (req, res) => {
    const { after, limit = CHANGES_DEFAULT } = demand('query', checkQuery(queryOf(req, changesQuerySchema)));
    if (after === 'now') {
      const position = encodePosition(await presentPosition(db));
      return sendJson(res, 200, { changes: [], position, more: false });
    }
    const from = after === undefined ? null : demandPosition(after);
    const found = await readChanges(db, from, limit, { entity });
    if (found.outcome === 'expired') throw expired(found.reason);
    const { changes, position, more } = found;
    sendJson(res, 200, { changes: changes.map(changeJson), position: encodePosition(position), more });
  };
}

export function demandPosition(text: string): Position {
  const position = decodePosition(text);
  if (position) return position;
  const detail = changesQuerySchema.properties.after['x-problem'];
  throw invalid([{ in: 'query', pointer: '/after', code: 'position', detail }]);
}

const EXPIRED = {
  retention: 'Changes after this position are older than TWINBOX_RETENTION_DAYS and were dropped.',
  other_database:
    'This position belongs to another database, or to this one before it was restored or another server took over.',
};

const BEGIN_ANEW =
  'Start again: ask with after=now and keep that position, read all customers, treat each customer that you have and ' +
  'that is not among them as deleted, and follow the changes from the position.';

export function expired(reason: 'retention' | 'other_database'): Problem {
  return new Problem('position_expired', `${EXPIRED[reason]} ${BEGIN_ANEW}`, { members: { reason } });
}
